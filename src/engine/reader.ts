import type { Blocker } from "./blocker.ts";
import { isNews } from "./command.ts";
import { blockersOf, explain, imagine } from "./explain.ts";
import type { EngineStatus, Explanation } from "./explanation.ts";
import type { Checkpoint, NodeSource, Stuck } from "./host.ts";
import type { EngineNode } from "./node.ts";
import { type Preview, preview } from "./preview.ts";
import type { NodeRecord } from "./record.ts";
import type { Moment, Outlook, Rules } from "./rules.ts";
import { engineStatusOf, UNKNOWN } from "./status.ts";
import { meet } from "./transitions.ts";

/** What a reader depends on. */
export interface ReaderParts {
  readonly source: NodeSource;
  readonly records: ReadonlyMap<string, NodeRecord>;
  readonly rules: Rules & Outlook;
  /** Tells whether a node waits for a look. */
  isDue(id: string): boolean;
  now(): Moment;
  /** Returns what an earlier run of this program has stored of a node. */
  keptOf(id: string): { readonly checkpoint: Checkpoint | undefined; readonly stuck: Stuck | undefined };
}

/** Answers questions about nodes from decisions that were made, or that would be made now. It carries nothing out. */
export interface Reader {
  /** See `Engine.status`. */
  status(id: string): EngineStatus;
  /** See `Engine.explain`. */
  explain(id: string): Explanation | undefined;
  /** See `Engine.preview`. */
  preview(id: string, node: EngineNode): Preview;
}

const TURN: Blocker = { kind: "turn" };

/** Creates a reader of an engine's nodes. */
export function createReader({ source, records, rules, isDue, now, keptOf }: ReaderParts): Reader {
  /** Finds the record of a node, or makes the one that it would have at its first look. */
  function recordOf(id: string, node: EngineNode): NodeRecord {
    return records.get(id) ?? meet(id, node, keptOf(id), rules, now()).record;
  }

  /** Never reports more progress than there is: a node about which a new decision is due is `working`. */
  function status(id: string): EngineStatus {
    const known = records.get(id);
    const isNew = known === undefined || isDue(id);
    const node = isNew || known.waits.length > 0 ? source.read(id) : undefined;
    const find = node === undefined ? () => TURN : blockersOf(node, rules);
    const moment = now();
    const before = known === undefined ? UNKNOWN : engineStatusOf(known, find, moment.now);
    if (!isNew || node === undefined) return before;
    const { decision } = imagine(recordOf(id, node), node, rules, moment);
    if (!isNews(decision)) return engineStatusOf(decision.record, find, moment.now);
    return before.phase === "working" ? before : { ...UNKNOWN, running: before.running };
  }

  return {
    status,
    explain(id) {
      const node = source.read(id);
      if (node === undefined) return undefined;
      const { phase, reason } = status(id);
      const { reason: _, ...explanation } = explain(recordOf(id, node), node, rules, now());
      return { ...explanation, phase, ...(reason !== undefined && { reason }) };
    },
    preview(id, node) {
      const { frozen, frozenWhy } = source.read(id) ?? node;
      const isKept = frozen === "everything" || frozen === "moved"; // no change of a node ends that
      const asked = isKept ? { ...node, frozen, ...(frozenWhy !== undefined && { frozenWhy }) } : node;
      return preview(recordOf(id, node), asked, rules, now());
    },
  };
}

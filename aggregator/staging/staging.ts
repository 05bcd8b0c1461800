import type { Clock } from "../../src/clock.ts";
import { isRecord, type Value, type Values } from "../../src/state/mod.ts";
import type { Done } from "../../src/toolkit/mod.ts";
import { notWritten } from "../cfg/parts.ts";
import type { CfgWriter } from "../cfg/writer.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { Events } from "../store/events.ts";
import type { Store, Stored } from "../store/mod.ts";

/** The name of the fact that holds all staged cfg, as JSON. */
const FACT = "staged";

/** When staged cfg takes effect: before the node's next boot, or once no scheduler uses the node. */
export type StagedUntil = "boot" | "free";

/** Staged cfg: it waits for its time. */
export interface Staged {
  /** Values by URL; null unsets. */
  readonly values: ReadonlyMap<string, Value | null>;
  readonly until: StagedUntil;
  /** When it was staged, ISO 8601. */
  readonly since: string;
  /** Why it could not be written when its time had come. */
  readonly problem?: string;
}

/** The staged cfg of one node. */
export interface NodePatch {
  readonly id: string;
  /** Values by URL; null unsets. */
  readonly values: ReadonlyMap<string, Value | null>;
}

/** Holds back cfg of nodes until it disturbs no users. Only the root does this. */
export interface Staging {
  of(id: string): Staged | undefined;
  /**
   * Stages values for some nodes, for all or none, and replaces what was staged for them. The values are checked now, as for a write,
   * and again when their time has come. If it has come already, they are written at once.
   */
  stage(patches: readonly NodePatch[], until: StagedUntil): Done;
  /** Discards what is staged for these nodes. */
  unstage(ids: readonly string[]): Done;
}

/** Creates it from what an earlier run has staged. */
export function createStaging(
  parts: {
    readonly cfg: Pick<CfgWriter, "patch">;
    readonly nodes: Nodes;
    readonly store: Store;
    readonly facts: Stored["facts"];
    readonly changes: Changes;
    readonly events: Pick<Events, "add">;
    readonly clock: Clock;
    readonly isRoot: boolean;
  },
): Staging {
  const { cfg, nodes, store, changes, events, clock } = parts;
  let staged = readStaged(parts.facts);

  function put(next: ReadonlyMap<string, Staged>): Done {
    try {
      store.commit({ facts: new Map([[FACT, writeStaged(next)]]) });
    } catch (error) {
      return notWritten(error);
    }
    staged = next;
    return { ok: true };
  }

  /** Writes what is staged for a node, if its time has come. It is discarded only when the cfg is on disk. */
  function look(id: string): void {
    const waiting = staged.get(id);
    const node = waiting === undefined ? undefined : nodes.read(id);
    if (waiting === undefined || node === undefined || !isDue(waiting.until, node.view)) return;
    const result = cfg.patch([{ id, values: waiting.values }], {});
    const next = new Map(staged);
    const why = result.ok ? undefined : result.problems.join("; ").slice(0, 500);
    if (result.ok) next.delete(id);
    else if (why === waiting.problem) return;
    else next.set(id, { ...waiting, ...(why !== undefined && { problem: why }) });
    put(next);
    const text = [...waiting.values].map(([url, value]) =>
      `${url}=${value === null ? "(unset)" : JSON.stringify(value)}`
    );
    events.add({
      node: node.name,
      kind: "cfg",
      why: (why === undefined ? `staged cfg takes effect: ${text.join(" ")}` : `staged cfg can't be written: ${why}`)
        .slice(0, 500),
    });
  }

  changes.on("engine", "staged cfg", ["Discovered"], ({ id, urls }) => {
    if (staged.has(id) && urls.some((url) => MOMENTS.has(url))) look(id);
  });
  changes.on("engine", "staged cfg", ["CfgChanged"], ({ id }) => {
    if (!staged.has(id) || nodes.read(id) !== undefined) return; // only a node that was deleted can't be read
    const next = new Map(staged);
    next.delete(id);
    put(next);
  });

  return {
    of: (id) => staged.get(id),
    stage(patches, until) {
      if (!parts.isRoot) return { ok: false, kind: "unavailable", problems: ["Only the root changes desired state"] };
      if (patches.every(({ values }) => values.size === 0)) {
        return { ok: false, kind: "invalid", problems: ["The patch is empty: expected some values"] };
      }
      const checked = cfg.patch(patches, { dryRun: true });
      if (!checked.ok) return checked;
      const since = new Date(clock.wall()).toISOString();
      const added = patches.map(({ id, values }) => [id, { values, until, since }] as const);
      const done = put(new Map([...staged, ...added]));
      if (done.ok) { for (const { id } of patches) look(id); }
      return done;
    },
    unstage(ids) {
      const next = new Map(staged);
      for (const id of ids) next.delete(id);
      return next.size === staged.size ? { ok: true } : put(next);
    },
  };
}

/** Variables that decide whether the time has come. */
const MOMENTS: ReadonlySet<string> = new Set(["/physState", "/runState", "/busy"]);

/** Tells whether staged cfg may take effect on a node: it is off or has just started, or nobody uses it. */
function isDue(until: StagedUntil, view: Values): boolean {
  switch (until) {
    case "boot":
      return ["POWER_OFF", "POWER_CYCLE"].includes(String(view.get("/physState"))) || view.get("/runState") === "INIT";
    case "free":
      return view.get("/busy") !== "BUSY";
    default:
      return until satisfies never;
  }
}

function readStaged(facts: Stored["facts"]): ReadonlyMap<string, Staged> {
  const text = facts.get(FACT);
  const stored: unknown = typeof text === "string" ? JSON.parse(text) : {};
  if (!isRecord(stored)) return new Map();
  return new Map(
    Object.entries(stored).flatMap(([id, each]): [string, Staged][] => {
      if (!isRecord(each) || !isRecord(each["values"])) return [];
      const { until, since, problem } = each;
      if (until !== "boot" && until !== "free") return [];
      const values = new Map(Object.entries(each["values"]) as [string, Value | null][]); // as they were written here
      return [[id, { values, until, since: String(since), ...(typeof problem === "string" && { problem }) }]];
    }),
  );
}

function writeStaged(staged: ReadonlyMap<string, Staged>): string {
  return JSON.stringify(
    Object.fromEntries([...staged].map(([id, each]) => [id, { ...each, values: Object.fromEntries(each.values) }])),
  );
}

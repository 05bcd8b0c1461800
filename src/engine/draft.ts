import type { MutationKey } from "../plan/mod.ts";
import { checkpointOf } from "./checkpoint.ts";
import type { Command, Decision } from "./command.ts";
import type { EngineEvent } from "./host.ts";
import type { NodeRecord, Wait } from "./record.ts";
import type { Moment, Rules } from "./rules.ts";

/** A decision in the making: a copy of a record that nobody else has, and the commands so far. */
export interface Draft {
  readonly record: { -readonly [K in keyof NodeRecord]: NodeRecord[K] };
  readonly commands: Command[];
  readonly rules: Rules;
  readonly now: Moment;
  /** How many executions it has begun. */
  begun: number;
}

/** Begins a decision about a node. */
export function beginDraft(record: NodeRecord, rules: Rules, now: Moment): Draft {
  return { record: { ...record }, commands: [], rules, now, begun: 0 };
}

/** Makes the decision of a draft, which must not be used any more. Places are taken first, as they were free when asked for. */
export function concludeDraft({ record, commands }: Draft): Decision {
  const isPlace = ({ kind }: Command) => kind === "acquire";
  const ordered = commands.some(isPlace)
    ? [...commands.filter(isPlace), ...commands.filter((command) => !isPlace(command))]
    : commands;
  return { record, commands: ordered, waits: record.waits };
}

/** Makes a decision that changes nothing. */
export function keep(record: NodeRecord): Decision {
  return { record, commands: NO_COMMANDS, waits: record.waits };
}

const NO_COMMANDS: readonly Command[] = [];

/** Puts something into the event log. */
export function log(draft: Draft, kind: EngineEvent["kind"], mutation: MutationKey | undefined, why: string): void {
  const { name: node } = draft.record;
  draft.commands.push({ kind: "log", event: { node, kind, ...(mutation !== undefined && { mutation }), why } });
}

/** Writes down what must be known of the node after a restart. */
export function remember(draft: Draft, required = false): void {
  draft.commands.push({ kind: "remember", checkpoint: checkpointOf(draft.record, draft.now), required });
}

/** Waits for exactly these from now on. */
export function waitFor(draft: Draft, waits: readonly Wait[]): void {
  if (waits.length === 0 && draft.record.waits.length === 0) return;
  draft.record.waits = waits;
  draft.commands.push({ kind: "wait", waits });
}

/** Looks at the node again at a time, in clock milliseconds; undefined: not before something happens. */
export function lookAt(draft: Draft, at: number | undefined): void {
  if (draft.record.lookAt === at) return;
  draft.record.lookAt = at;
  draft.commands.push({ kind: "lookAt", at });
}

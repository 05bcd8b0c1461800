import type { MutationKey } from "../plan/mod.ts";
import { checkpointOf } from "./checkpoint.ts";
import type { Decision, EngineCommand } from "./command.ts";
import type { EngineEvent } from "./host.ts";
import type { NodeRecord, Wait } from "./record.ts";
import type { Moment, Rules } from "./rules.ts";

/** A decision in progress: a private copy of a record, and the commands so far. */
export interface Draft {
  readonly record: { -readonly [K in keyof NodeRecord]: NodeRecord[K] };
  readonly commands: EngineCommand[];
  readonly rules: Rules;
  readonly now: Moment;
  /** Number of executions that it has started. */
  begun: number;
}

/** Begins a decision: copies `record`, to be changed under `rules` at the time `now`. */
export function beginDraft(record: NodeRecord, rules: Rules, now: Moment): Draft {
  return { record: { ...record }, commands: [], rules, now, begun: 0 };
}

/**
 * Completes a draft, which must not be used afterwards. Commands that take places come first, because the places were
 * free when the decision was made.
 */
export function concludeDraft({ record, commands }: Draft): Decision {
  const isPlace = ({ kind }: EngineCommand) => kind === "acquire";
  const ordered = commands.some(isPlace)
    ? [...commands.filter(isPlace), ...commands.filter((command) => !isPlace(command))]
    : commands;
  return { record, commands: ordered, waits: record.waits };
}

/** Returns a decision that leaves `record` as it is and does nothing. */
export function keep(record: NodeRecord): Decision {
  return { record, commands: NO_COMMANDS, waits: record.waits };
}

const NO_COMMANDS: readonly EngineCommand[] = [];

/**
 * Adds an entry to the event log.
 *
 * @param draft The decision in progress.
 * @param kind Kind of the event.
 * @param mutation The mutation that it is about, if any.
 * @param why The reason, in words.
 */
export function log(draft: Draft, kind: EngineEvent["kind"], mutation: MutationKey | undefined, why: string): void {
  const { name: node } = draft.record;
  draft.commands.push({ kind: "log", event: { node, kind, ...(mutation !== undefined && { mutation }), why } });
}

/**
 * Adds a command that stores what must be known after a restart.
 *
 * @param draft The decision in progress.
 * @param required Whether later commands need it on disk.
 */
export function remember(draft: Draft, required = false): void {
  draft.commands.push({ kind: "remember", checkpoint: checkpointOf(draft.record, draft.now), required });
}

/** Makes the node of `draft` wait for exactly these `waits`. */
export function setWaits(draft: Draft, waits: readonly Wait[]): void {
  if (waits.length === 0 && draft.record.waits.length === 0) return;
  draft.record.waits = waits;
  draft.commands.push({ kind: "wait", waits });
}

/**
 * Sets the time of the next look at the node of `draft`.
 *
 * @param draft The decision in progress.
 * @param at In clock milliseconds; undefined: when something happens.
 */
export function lookAt(draft: Draft, at: number | undefined): void {
  if (draft.record.lookAt === at) return;
  draft.record.lookAt = at;
  draft.commands.push({ kind: "lookAt", at });
}

import { roughDuration } from "../src/toolkit/mod.ts";
import { countOf } from "./grouping.ts";
import type { ExplainedStepInfo, StepStateInfo } from "../src/api/mod.ts";

/** How a step is that is of one kind. */
type Of<K extends StepStateInfo["kind"]> = Extract<StepStateInfo, { readonly kind: K }>;

/** A step as one of several nodes has it, and the moment of the answer. */
export interface StepOf {
  readonly at: string;
  readonly step: ExplainedStepInfo;
}

/** Names how a step is, without times and places in queues. */
export function stateKey(state: StepStateInfo): string {
  const { kind, by, of, reason, attempts, blocker }: Fields = state;
  const { kind: what, limit, invariant, group, because }: Fields = blocker ?? {};
  return JSON.stringify([kind, by, of, reason, attempts, what, limit, invariant, group, because]);
}

/** What some kinds of states have and others don't. */
interface Fields {
  readonly kind?: string;
  readonly by?: string;
  readonly of?: string;
  readonly reason?: string;
  readonly attempts?: number;
  readonly since?: string;
  readonly until?: string;
  readonly blocker?: Fields;
  readonly limit?: string;
  readonly invariant?: string;
  readonly group?: string;
  readonly because?: string;
  readonly place?: number;
}

/** How a step is that some nodes share, in words. */
export function describeState(all: readonly StepOf[], isHypothetical: boolean): string {
  const [first] = all;
  if (first === undefined) return "";
  const { state, expectedMs, after } = first.step;
  const about = `about ${roughDuration(expectedMs)}`;
  switch (state.kind) {
    case "running":
      return `at work for ${elapsed(all)}, ${about} expected${timeout(all)}${lastSeen(all, state)}`;
    case "awaited": {
      const who = state.of === "agent" ? "its agent has to do it" : "its aggregator has to do it";
      return state.since === undefined
        ? `${who}, ${about}`
        : `${who}: at it for ${elapsed(all)}, ${about} expected${timeout(all)}`;
    }
    case "after":
      return `after ${after.map((place) => place + 1).join(" and ")}, ${about}`;
    case "waiting":
      return describeWait(all, state);
    case "backoff":
      return describeBackoff(all, state);
    case "held":
      return describeHold(all, state);
    case "pointless":
      return "not started: it only prepares what is held up";
    case "frozen":
      return describeFrozen(state);
    case "ready":
      return `${isHypothetical ? "could start at once" : "starts at once"}, ${about}`;
    default:
      return state satisfies never;
  }
}

/** What could not even be tried, such as for want of a file, has used up no attempt. */
function describeBackoff(all: readonly StepOf[], { attempts, reason }: Of<"backoff">): string {
  const again = `tries again in ${left(all)}`;
  return attempts === 0
    ? `could not be tried: ${reason}; ${again}`
    : `failed ${countOf(attempts, "time")}, ${again}: ${reason}`;
}

function describeFrozen({ by, next }: Of<"frozen">): string {
  if (by === "moved") return "not started: the node was moved and has not joined yet";
  const frozen = by === "everything" ? "everything is frozen" : "the node is frozen";
  return next ? `${frozen}, starts after a thaw` : frozen;
}

/** What the one node's step has seen last: each of several has seen something else. */
function lastSeen(all: readonly StepOf[], { words }: Of<"running">): string {
  return all.length > 1 || words === undefined ? "" : `: ${words}`;
}

function describeHold(all: readonly StepOf[], { by, attempts, since, reason }: Of<"held">): string {
  const ago = since === undefined ? "" : ` ${elapsed(all)} ago`;
  switch (by) {
    case "fleet":
      return `held for the whole fleet${since === undefined ? "" : ` for ${elapsed(all)}`}: ${reason}`;
    case "agent":
      return `given up by its agent${ago} after ${countOf(attempts, "attempt")}: ${reason}`;
    case "aggregator":
      return `given up${ago} after ${countOf(attempts, "attempt")}: ${reason}`;
    default:
      return by satisfies never;
  }
}

function describeWait(all: readonly StepOf[], { words }: Of<"waiting">): string {
  const places = all.flatMap(({ step }) => fieldsOf(step).blocker?.place ?? []);
  if (all.length === 1 || places.length === 0) return words;
  // The words are of the first node: its place in the queue gives way to those of all of them.
  const end = `places ${Math.min(...places)} to ${Math.max(...places)} in the queue)`;
  return words.replace(/\d+(?:st|nd|rd|th) in the queue(?: behind [^)]*)?\)$/, end);
}

function fieldsOf({ state }: ExplainedStepInfo): Fields {
  return state;
}

/** The longest time since when. */
function elapsed(all: readonly StepOf[]): string {
  return roughDuration(
    Math.max(0, ...all.map(({ at, step }) => Date.parse(at) - Date.parse(fieldsOf(step).since ?? at))),
  );
}

/** The longest time until when. */
function left(all: readonly StepOf[]): string {
  return roughDuration(
    Math.max(0, ...all.map(({ at, step }) => Date.parse(fieldsOf(step).until ?? at) - Date.parse(at))),
  );
}

function timeout(all: readonly StepOf[]): string {
  return all.some(({ step }) => fieldsOf(step).until !== undefined) ? `, times out in ${left(all)}` : "";
}

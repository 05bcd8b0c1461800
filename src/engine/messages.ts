import type { Plan, Step } from "../plan/mod.ts";
import { valueIn } from "../state/mod.ts";
import { durationText } from "../toolkit/mod.ts";
import type { Blocker, Line } from "./blocker.ts";
import type { FailureRecord } from "./failure_record.ts";
import type { EngineNode } from "./node.ts";
import type { EngineOptions } from "./options.ts";

/** The largest number of goals to name in one sentence. */
const MAX_NAMED = 3;

/** Describes what `step` changes: `'/physState' from 'POWER_OFF' to 'POWER_ON'`. */
export function describeStepChanges(step: Step): string {
  return Object.entries(step.changes).map(([url, [from, to]]) => `'${url}' from '${from}' to '${to}'`).join(", ");
}

/** Describes what `step` has reached: `'/physState' is 'POWER_ON'`. */
export function describeReached(step: Step): string {
  return Object.entries(step.changes).map(([url, [, to]]) => `'${url}' is '${to}'`).join(", ");
}

/** Describes why `step` of `plan` starts on `node`: what it changes, and which goals the node has not reached. */
export function describeStart(step: Step, node: EngineNode, plan: Plan): string {
  const { schema } = node.planner.domain;
  const suspended = new Set(plan.suspended.map((goal) => goal.url));
  const goals: string[] = [];
  for (const [url, value] of node.cfg) {
    if (suspended.has(url) || !node.planner.domain.isMutable(url)) continue;
    if (valueIn(schema, node.view, url) !== value) goals.push(`'${url}' = '${value}'`);
  }
  const more = goals.length > MAX_NAMED ? ` and ${goals.length - MAX_NAMED} more` : "";
  return `Changes ${describeStepChanges(step)}; wanted: ${goals.slice(0, MAX_NAMED).join(", ")}${more}`;
}

/**
 * Describes why a running `step` is not continued, by the present values on `node`.
 *
 * @param edited Whether cfg has changed.
 */
export function describeSurprise(step: Step, node: EngineNode, edited: boolean): string {
  if (edited) return "The plan for the new cfg does not need it";
  const { schema } = node.planner.domain;
  const strays = Object.entries(step.changes).flatMap(([url, [from]]) => {
    const value = valueIn(schema, node.view, url);
    return value === from ? [] : [`'${url}' is '${value ?? "unknown"}'`];
  });
  return `The plan from the present state does not need it${strays.length > 0 ? `: ${strays.join(", ")}` : ""}`;
}

/**
 * Describes a failure: what failed, how often, and what comes next.
 *
 * @param failure The record.
 * @param now Clock milliseconds.
 * @param options Settings of the engine.
 */
export function describeStepFailure(failure: FailureRecord, now: number, options: EngineOptions): string {
  const next = failure.held ? "given up" : `next attempt in ${durationText(failure.retryAt - now)}`;
  if (failure.unavailable !== undefined) return `${failure.reason} (not tried, ${next})`;
  return `${failure.reason} (attempt ${failure.attempts} of ${options.maxAttempts}, ${next})`;
}

/** Describes why a mutation is given up, on one node or for the whole fleet. */
export function describeHold({ key, attempts, reason, fleet }: FailureRecord): string {
  if (fleet === true) return `Held for the whole fleet: ${key} failed on ${attempts} nodes in a row: ${reason}`;
  return `Gave up on ${key} after ${attempts} ${attempts === 1 ? "attempt" : "attempts"}: ${reason}`;
}

/**
 * Describes what a mutation waits for.
 *
 * @param blocker The reason.
 * @param now Clock milliseconds.
 */
export function describeBlocker(blocker: Blocker, now: number): string {
  switch (blocker.kind) {
    case "limit": {
      const { limit, inFlight, atMost, perSecond } = blocker;
      const full = atMost !== undefined && inFlight >= atMost;
      const count = full || perSecond === undefined
        ? `${inFlight} of ${atMost} in flight${describeHolders(blocker)}`
        : `${perSecond} a second, `;
      return `waits at limit '${limit}' (${describeGroup(blocker)}${count}${describeLine(blocker)})`;
    }
    case "count": {
      const { invariant, counts, inFlight, atMost } = blocker;
      if (atMost === 0) {
        const none = counts === "away" ? "no node may be away from SYNC" : "no node may be in transition";
        return `can never start, because of invariant '${invariant}' (${describeGroup(blocker)}${none})`;
      }
      const how = counts === "away" ? "away" : "in transition";
      const count = `${inFlight} of ${atMost} ${how}${describeHolders(blocker)}`;
      return `waits for invariant '${invariant}' (${describeGroup(blocker)}${count}${describeLine(blocker)})`;
    }
    case "turn":
      return "its turn has come";
    case "invariant":
      return `refused by invariant '${blocker.invariant}': ${blocker.because}`;
    case "store":
      return "waits for the aggregator's disk, which takes no writes: Kraken must store this step before it starts";
    case "approval":
      return `waits for its aggregator's approval: ${blocker.mutation} is next`;
    case "unreturned":
      return `its last run has not returned, waits at most ${
        durationText(Math.max(0, blocker.until - now))
      } more for it`;
    default:
      return blocker satisfies never;
  }
}

function describeGroup({ by, group }: { readonly by?: string; readonly group: string }): string {
  return by === undefined ? "" : `${by.slice(1)} ${group === "" ? "unset" : group}: `;
}

/** Describes the nodes that hold the places, with the punctuation that follows. */
function describeHolders(
  { holders, inFlight }: { readonly holders: readonly string[]; readonly inFlight: number },
): string {
  if (holders.length === 0) return ", ";
  const more = inFlight > holders.length ? ` and ${inFlight - holders.length} more` : "";
  return `: ${holders.join(", ")}${more}; `;
}

function describeLine({ place, behind }: Line): string {
  return `${ordinal(place)} in the queue${behind === undefined ? "" : ` behind ${behind}`}`;
}

function ordinal(place: number): string {
  const teen = place % 100 >= 11 && place % 100 <= 13;
  const ending = teen ? "th" : ["th", "st", "nd", "rd"][place % 10] ?? "th";
  return `${place}${ending}`;
}

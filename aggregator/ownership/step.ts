import type { Assignment } from "../../src/state/mod.ts";
import { declareLost, grantLongGrace, type HereStep, inferState, restartLongGrace, showSilence } from "./silence.ts";
import type { Effect } from "./effects.ts";
import type { OwnershipEvent, OwnershipEventOf } from "./events.ts";
import {
  type Departing,
  type Disputed,
  type Expected,
  FOREIGN,
  type Here,
  isHere,
  type Ownership,
  type Place,
} from "./ownership.ts";

/** The next ownership of a node, and the effects in the order in which they are carried out. */
export interface OwnershipStep {
  readonly state: Ownership;
  readonly effects: readonly Effect[];
}

/** The place of a node that belongs here. */
type HerePlace = Place & { readonly kind: "here" };

/**
 * Determines the ownership of a node after an event, at one aggregator. Pure and total: facts arrive late, twice and in
 * any order, so every event is possible in every state.
 *
 * @param state The ownership before the event.
 * @param event A proved fact about the node.
 * @returns The ownership after it, and the effects.
 */
export function step(state: Ownership, event: OwnershipEvent): OwnershipStep {
  switch (event.kind) {
    case "assigned":
      return event.place.kind === "here" ? arrive(state, event.place, event) : leaveTo(state, event.place);
    case "remembered":
      return remember(event);
    case "strayed":
      return isHere(state) ? stay(state) : stray(state, event.to);
    case "left":
      return state.kind === "departing" ? { state, effects: [{ kind: "stopRedirect" }] } : stay(state);
    case "quiet":
      return state.kind === "departing" ? stay(rest(state)) : stay(state);
    case "releaseRequested":
      return isHere(state) || !event.isQuiet
        ? stay(state)
        : { state: rest(state), effects: [{ kind: "confirmRelease" }] };
    default:
      return isHere(state) ? stepHere(state, event) : stay(state);
  }
}

/** Handles an event of a node that belongs here. */
function stepHere(
  state: Here,
  event: Exclude<
    OwnershipEvent,
    { readonly kind: "assigned" | "remembered" | "strayed" | "left" | "quiet" | "releaseRequested" }
  >,
): HereStep {
  const known: Here = event.kind === "born" ? state : { ...state, machine: event.machine };
  switch (event.kind) {
    case "wrote":
      return joinUnder(known, event.assignment);
    case "linked":
      return linked(known, event);
    case "born":
      return restartLongGrace(known);
    case "seen":
      return seen(known);
    case "joinOver":
      return known.kind === "expected" ? joinOver(known) : stay(known);
    case "graceOver":
      return declareLost(known, event);
    case "resumed": {
      const shown = showSilence(known);
      const timed = grantLongGrace(shown.state);
      return { state: timed.state, effects: [...shown.effects, ...timed.effects] };
    }
    case "claimed":
      return claimed(known, event.assignment);
    default:
      return event satisfies never;
  }
}

function stay<S extends Ownership>(state: S): { readonly state: S; readonly effects: readonly Effect[] } {
  return { state, effects: [] };
}

/** Handles the root's decision that the node belongs here. */
function arrive(state: Ownership, place: HerePlace, event: OwnershipEventOf<"assigned">): OwnershipStep {
  if (isHere(state) && state.assignment === place.assignment) return sameAssignment(state, place, event);
  const next = settle(place, event, isHere(state) ? state : undefined);
  // Proof of an assignment that has not arrived yet stays valid when an earlier one arrives.
  const settled = state.kind === "disputed" && state.claimed > place.assignment
    ? stay(dispute(next.state, state.claimed, place.holders))
    : next;
  return {
    state: settled.state,
    effects: [...leave(state), { kind: "takeOver" }, ...settled.effects, { kind: "touch" }],
  };
}

/** Ends what an earlier state has started. */
function leave(state: Ownership): Effect[] {
  if (isHere(state)) return [{ kind: "stopTimers" }];
  return state.kind === "departing" ? [{ kind: "stopRedirect" }] : [];
}

/** Handles the same assignment again: holders may have released the node meanwhile. */
function sameAssignment(
  state: Here,
  { holders }: HerePlace,
  { joined, machine }: OwnershipEventOf<"assigned">,
): OwnershipStep {
  const known: Here = { ...state, machine };
  if (known.kind === "owned") return stay(known);
  if (known.kind === "disputed") return stay({ ...known, holders });
  if (joined >= known.assignment) return own(known);
  if (holders.join() === known.holders.join()) return stay(known);
  // An aggregator that has released the node no longer redirects it, so the node gets this time to come by itself.
  return { state: { ...known, holders, isJoining: true }, effects: [{ kind: "startJoin" }, { kind: "touch" }] };
}

/** Determines the state of a node that belongs here from now on: expected if its agent may be at another aggregator. */
function settle(
  { assignment, holders }: HerePlace,
  { joined, machine }: OwnershipEventOf<"assigned" | "remembered">,
  before?: Here,
): HereStep {
  const { link = "down", sameRun = false } = before ?? {};
  const local = { assignment, link, sameRun, grace: "none", machine } as const;
  // A node that has never been moved cannot be elsewhere, and nothing runs on a machine that is off.
  const isExpected = assignment > 1 && joined < assignment && machine.power !== "off";
  if (!isExpected) return grantLongGrace({ kind: "owned", ...local });
  return { state: { kind: "expected", ...local, holders, isJoining: true }, effects: [{ kind: "startJoin" }] };
}

function remember(event: OwnershipEventOf<"remembered">): OwnershipStep {
  const { place } = event;
  switch (place.kind) {
    case "here":
      return settle(place, event);
    case "below":
      return stay({ kind: "below", via: place.via });
    case "elsewhere":
      return stay(FOREIGN);
    default:
      return place satisfies never;
  }
}

/** Handles the root's decision that the node belongs elsewhere, or below a child of this aggregator. */
function leaveTo(state: Ownership, place: Exclude<Place, HerePlace>): OwnershipStep {
  const via = place.kind === "below" ? place.via : undefined;
  if (isHere(state)) return depart(state, { kind: "departing", to: place.to, via });
  if (state.kind === "departing") return stay({ ...state, to: later(state.to, place.to), via });
  return stay(rest({ kind: "departing", to: undefined, via }));
}

function depart(state: Here, next: Departing): OwnershipStep {
  const isHeard = state.link !== "down";
  return {
    state: next,
    effects: [
      { kind: "stopTimers" },
      // If it cannot be redirected, request a rebirth: the node then asks, and is redirected as soon as its place is
      // known.
      { kind: "dropLink", isCalled: !isHeard || next.to === undefined },
      ...(isHeard && next.to !== undefined ? [{ kind: "redirect", to: next.to, isRepeated: true } as const] : []),
      { kind: "touch" },
    ],
  };
}

/** Handles a frame from a node that does not belong here: redirects it if its place is known. */
function stray(state: Exclude<Ownership, Here>, known: Assignment | undefined): OwnershipStep {
  const to = state.kind === "departing" ? later(state.to, known) : known;
  const via = state.kind === "foreign" ? undefined : state.via;
  const effects: readonly Effect[] = to === undefined ? [] : [{ kind: "redirect", to, isRepeated: false }];
  return { state: { kind: "departing", to, via }, effects };
}

/** Returns the later of two assignments. */
function later(a: Assignment | undefined, b: Assignment | undefined): Assignment | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.number >= a.number ? b : a;
}

/** Returns the state of a node from which nothing more is heard here. */
function rest(state: Exclude<Ownership, Here>): Ownership {
  if (state.kind !== "departing") return state;
  return state.via === undefined ? FOREIGN : { kind: "below", via: state.via };
}

function linked(state: Here, { link, sameRun, assignment, why }: OwnershipEventOf<"linked">): HereStep {
  const linkedNow: Here = { ...state, link, sameRun, grace: link === "down" ? state.grace : "none" };
  const stopped: readonly Effect[] = link === "down" || state.grace === "none" ? [] : [{ kind: "stopGrace" }];
  // A birth alone may be late, from a run that has ended or has been redirected since.
  const joined = link === "level" ? joinUnder(linkedNow, assignment) : stay(linkedNow);
  const inferred = inferState(joined.state, why);
  return {
    state: inferred.state,
    effects: [...stopped, ...joined.effects, ...inferred.effects, { kind: "touch" }],
  };
}

/** Handles that it has joined under an assignment: under the present one, no other aggregator has it. */
function joinUnder(state: Here, assignment: number): HereStep {
  return state.kind === "expected" && assignment >= state.assignment ? own(state) : stay(state);
}

function own({ assignment, link, sameRun, machine }: Expected): HereStep {
  const next = grantLongGrace({ kind: "owned", assignment, link, sameRun, grace: "none", machine });
  return { state: next.state, effects: [{ kind: "stopTimers" }, ...next.effects, { kind: "touch" }] };
}

function seen(state: Here): HereStep {
  if (state.machine.power !== "off") return inferState(state, "its machine is on");
  // Nothing runs there any more, so whatever still arrives is late.
  const cut: readonly Effect[] = state.link === "down" ? [] : [{ kind: "cutLink" }];
  const down: Here = { ...state, link: "down", sameRun: false };
  const next = down.kind === "expected" ? own(down) : stay(down);
  return { state: next.state, effects: [...cut, ...next.effects] };
}

function joinOver(state: Expected): HereStep {
  return state.holders.length > 0 ? stay({ ...state, isJoining: false }) : own(state);
}

function claimed(state: Here, assignment: number): HereStep {
  if (assignment <= (state.kind === "disputed" ? state.claimed : state.assignment)) return stay(state);
  const holders = state.kind === "owned" ? [] : state.holders;
  return { state: dispute(state, assignment, holders), effects: [{ kind: "stopTimers" }, { kind: "touch" }] };
}

function dispute(state: Here, claimed: number, holders: readonly string[]): Disputed {
  const { assignment, link, sameRun, machine } = state;
  return { kind: "disputed", assignment, link, sameRun, grace: "none", machine, claimed, holders };
}

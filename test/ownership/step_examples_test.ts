import assert from "node:assert/strict";
import { test } from "node:test";
import {
  FOREIGN,
  isHere,
  type Machine,
  type Ownership,
  type OwnershipEvent,
  type OwnershipStep,
  type Place,
  step,
} from "../../aggregator/ownership/mod.ts";
import type { Assignment } from "../../src/state/mod.ts";

const MACHINE: Machine = {
  ...{ power: "on", agent: "SYNC", isWantedOff: false, isAggregator: false, control: "controller" },
};
const local = { assignment: 2, link: "level", sameRun: true, grace: "none", machine: MACHINE } as const;
const owned: Ownership = { kind: "owned", ...local };
const expected: Ownership = { kind: "expected", ...local, link: "down", holders: ["a"], isJoining: true };
const disputed: Ownership = { kind: "disputed", ...local, link: "down", holders: ["a"], claimed: 5 };
const to: Assignment = { number: 3, parent: "b" };
const departing: Ownership = { kind: "departing", to, via: "a" };
const below: Ownership = { kind: "below", via: "a" };
const off: Machine = { ...MACHINE, power: "off" };

/** Where the root has put it: here, under this assignment. */
function here(assignment: number, holders: readonly string[] = []): Place {
  return { kind: "here", assignment, holders };
}
/** An assignment as it comes. */
function put(place: Place, joined = 0, machine = MACHINE): OwnershipEvent {
  return { kind: "assigned", place, joined, machine };
}
function names({ effects }: OwnershipStep): string[] {
  return effects.map(({ kind }) => kind);
}

test("a node is expected where it was moved here, has not joined yet and may run, and owned otherwise", () => {
  const cases: [assignment: number, joined: number, machine: Machine, kind: string, effects: string[]][] = [
    [1, 0, MACHINE, "owned", ["startGrace"]],
    [2, 1, MACHINE, "expected", ["startJoin"]],
    [2, 2, MACHINE, "owned", ["startGrace"]],
    [2, 3, MACHINE, "owned", ["startGrace"]],
    [2, 0, off, "owned", ["startGrace"]],
    [2, 0, { ...off, agent: "other" }, "owned", []],
    [2, 0, { ...MACHINE, power: "unknown" }, "expected", ["startJoin"]],
  ];
  for (const [assignment, joined, machine, kind, effects] of cases) {
    const words = JSON.stringify([assignment, joined, machine.power]);
    const remembered = step(FOREIGN, { kind: "remembered", place: here(assignment, ["a"]), joined, machine });
    assert.deepEqual([remembered.state.kind, names(remembered)], [kind, effects], words);
    const arrived = step(FOREIGN, put(here(assignment, ["a"]), joined, machine));
    assert.deepEqual(arrived.state, remembered.state, words);
    assert.deepEqual(names(arrived), ["takeOver", ...effects, "touch"], words);
    assert.ok(isHere(arrived.state) && arrived.state.link === "down" && !arrived.state.sameRun);
    assert.equal(arrived.state.assignment, assignment);
  }
});

test("what an aggregator remembers of a node elsewhere is where it is reached, and nothing else", () => {
  const remembered = (place: Place) => step(owned, { kind: "remembered", place, joined: 0, machine: MACHINE });
  assert.deepEqual(remembered({ kind: "below", via: "a", to }), { state: below, effects: [] });
  assert.deepEqual(remembered({ kind: "elsewhere", to }), { state: FOREIGN, effects: [] });
});

test("a new assignment ends what the state before has started, and keeps the link", () => {
  for (const before of [owned, expected, disputed]) {
    assert.deepEqual(names(step(before, put(here(6, ["b"])))), ["stopTimers", "takeOver", "startJoin", "touch"]);
  }
  assert.deepEqual(names(step(departing, put(here(6)))), ["stopRedirect", "takeOver", "startJoin", "touch"]);
  assert.deepEqual(names(step(below, put(here(6)))), ["takeOver", "startJoin", "touch"]);
  const { state } = step(owned, put(here(6, ["b"])));
  assert.deepEqual(state, { ...expected, assignment: 6, link: "level", holders: ["b"] });
});

test("a dispute outlasts assignments that are earlier than the one that was shown", () => {
  for (const [assignment, kind] of [[3, "disputed"], [4, "disputed"], [5, "expected"], [6, "expected"]] as const) {
    const { state } = step(disputed, put(here(assignment, ["b"])));
    assert.equal(state.kind, kind, String(assignment));
    assert.ok((state.kind === "disputed" || state.kind === "expected") && state.holders.join() === "b");
    assert.equal(state.assignment, assignment);
  }
});

test("the same assignment again brings the machine, who still holds the node, and whether it has joined", () => {
  assert.deepEqual(step(owned, put(here(2, ["b"]), 0, off)), {
    state: { ...owned, machine: off },
    effects: [],
  });
  assert.deepEqual(step(disputed, put(here(2, ["b"]), 0, off)), {
    state: { ...disputed, holders: ["b"], machine: off },
    effects: [],
  });
  assert.deepEqual(step(expected, put(here(2, ["a"]))), { state: expected, effects: [] });
  const late: Ownership = { ...expected, isJoining: false };
  assert.deepEqual(step(late, put(here(2, []))), {
    state: { ...expected, holders: [], isJoining: true },
    effects: [{ kind: "startJoin" }, { kind: "touch" }],
  });
  for (const joined of [2, 3]) {
    const joinedNow = step(expected, put(here(2, ["a"]), joined));
    assert.deepEqual([joinedNow.state.kind, names(joinedNow)], ["owned", ["stopTimers", "startGrace", "touch"]]);
  }
  assert.equal(step(expected, put(here(2, ["a"]), 1)).state.kind, "expected");
});

test("an expected node is owned when it has joined or written under its assignment", () => {
  const link = (link: "joining" | "level", assignment: number): OwnershipEvent => ({
    ...{ kind: "linked", link, sameRun: false, assignment, why: "", machine: MACHINE },
  });
  const wrote = (assignment: number): OwnershipEvent => ({ kind: "wrote", assignment, machine: MACHINE });
  const cases: [event: OwnershipEvent, kind: string, effects: string[]][] = [
    [link("joining", 2), "expected", ["show", "touch"]],
    [link("level", 1), "expected", ["show", "touch"]],
    [link("level", 2), "owned", ["stopTimers", "touch", "show", "touch"]],
    [link("level", 3), "owned", ["stopTimers", "touch", "show", "touch"]],
    [wrote(1), "expected", []],
    [wrote(2), "owned", ["stopTimers", "startGrace", "touch"]],
    [wrote(3), "owned", ["stopTimers", "startGrace", "touch"]],
  ];
  for (const [event, kind, effects] of cases) {
    const next = step(expected, event);
    assert.deepEqual([next.state.kind, names(next)], [kind, effects], JSON.stringify(event));
  }
  for (const state of [owned, disputed]) assert.deepEqual(step(state, wrote(9)), { state, effects: [] });
});

test("a link that comes back stops the grace time, and one that is lost keeps it", () => {
  const timed: Ownership = { ...owned, link: "down", grace: "long" };
  const linked = (link: "down" | "level", state: Ownership) =>
    step(state, { kind: "linked", link, sameRun: false, assignment: 2, why: "", machine: MACHINE });
  assert.deepEqual(names(linked("level", timed)), ["stopGrace", "show", "touch"]);
  assert.deepEqual(linked("level", timed).state, { ...owned, sameRun: false });
  assert.deepEqual(names(linked("down", timed)), ["show", "touch"]);
  assert.deepEqual(linked("down", timed).state, { ...timed, sameRun: false });
  assert.deepEqual(names(linked("level", owned)), ["show", "touch"]);
});

test("a machine that is off ends the link of its node, and what was expected is owned", () => {
  const seen = (state: Ownership, machine = off) => step(state, { kind: "seen", machine });
  const down = { link: "down", sameRun: false, machine: off } as const;
  assert.deepEqual(seen(owned), { state: { ...owned, ...down }, effects: [{ kind: "cutLink" }] });
  assert.deepEqual(seen(disputed), { state: { ...disputed, ...down }, effects: [] });
  const joined = seen({ ...expected, link: "joining" });
  assert.deepEqual([joined.state.kind, names(joined)], ["owned", ["cutLink", "stopTimers", "startGrace", "touch"]]);
  assert.deepEqual(names(seen(expected)), ["stopTimers", "startGrace", "touch"]);
  const on = seen({ ...owned, link: "level" }, MACHINE);
  assert.deepEqual(on.effects, [
    { kind: "show", values: { link: "UP", runState: "SYNC" }, why: "its machine is on" },
  ]);
});

test("an expected node whose time to join is over is owned where nobody holds it, and waits for its holders otherwise", () => {
  const over: OwnershipEvent = { kind: "joinOver", machine: MACHINE };
  assert.deepEqual(step(expected, over), { state: { ...expected, isJoining: false }, effects: [] });
  const free = step({ ...expected, holders: [] }, over);
  assert.deepEqual([free.state.kind, names(free)], ["owned", ["stopTimers", "startGrace", "touch"]]);
  for (const state of [owned, disputed]) assert.deepEqual(step(state, over), { state, effects: [] });
});

test("a child that is born gets its time anew, and one that comes back after a silence of the aggregator the longer one", () => {
  const silent: Ownership = { ...owned, link: "down" };
  const grace = { kind: "startGrace", length: "long" } as const;
  assert.deepEqual(step({ ...silent, grace: "short" }, { kind: "born" }), {
    state: { ...silent, grace: "long" },
    effects: [grace],
  });
  assert.deepEqual(step(silent, { kind: "resumed", machine: MACHINE }), {
    state: { ...silent, grace: "long" },
    effects: [{ kind: "show", values: { link: "DOWN" }, why: "it is not heard yet" }, grace],
  });
});

test("a later assignment that a node proves disputes the present one, and an earlier one does not", () => {
  const claim = (state: Ownership, assignment: number) =>
    step(state, { kind: "claimed", assignment, machine: MACHINE });
  const effects = [{ kind: "stopTimers" }, { kind: "touch" }];
  const held = { kind: "disputed", ...local, claimed: 3 };
  assert.deepEqual(claim({ ...owned, grace: "long" }, 3), { state: { ...held, holders: [] }, effects });
  assert.deepEqual(claim(expected, 3), { state: { ...held, link: "down", holders: ["a"] }, effects });
  for (const assignment of [1, 2]) assert.deepEqual(claim(owned, assignment), { state: owned, effects: [] });
  assert.deepEqual(claim(disputed, 5), { state: disputed, effects: [] });
  assert.deepEqual(claim(disputed, 6), { state: { ...disputed, claimed: 6 }, effects });
});

test("a node that strays is told once where to go, by the latest word of that", () => {
  const stray = (state: Ownership, known: Assignment | undefined) => step(state, { kind: "strayed", to: known });
  const redirect = (to: Assignment) => [{ kind: "redirect", to, isRepeated: false }];
  assert.deepEqual(stray(FOREIGN, to), { state: { kind: "departing", to, via: undefined }, effects: redirect(to) });
  assert.deepEqual(stray(FOREIGN, undefined).effects, []);
  assert.deepEqual(stray(below, to), { state: departing, effects: redirect(to) });
  for (const [number, latest] of [[2, 3], [3, 3], [4, 4]] as const) {
    const known = { number, parent: "c" };
    assert.deepEqual(stray(departing, known).effects, redirect(number < latest ? to : known), String(number));
  }
  assert.deepEqual(stray(departing, undefined).effects, redirect(to));
  assert.deepEqual(stray({ kind: "departing", to: undefined, via: undefined }, to).effects, redirect(to));
  assert.deepEqual(stray(owned, to), { state: owned, effects: [] });
});

test("a node that is put elsewhere departs with the latest word of where, and what was never here does not", () => {
  const away = (state: Ownership, place: Place) => step(state, put(place));
  const gone = away(owned, { kind: "elsewhere", to });
  assert.deepEqual(gone, {
    state: { kind: "departing", to, via: undefined },
    effects: [
      ...[{ kind: "stopTimers" }, { kind: "dropLink", isCalled: false }, { kind: "redirect", to, isRepeated: true }],
      { kind: "touch" },
    ],
  });
  const silent = away({ ...owned, link: "down" }, { kind: "below", via: "a", to });
  assert.deepEqual([silent.state, silent.effects], [departing, [
    ...[{ kind: "stopTimers" }, { kind: "dropLink", isCalled: true }, { kind: "touch" }],
  ]]);
  assert.deepEqual(names(away(owned, { kind: "elsewhere", to: undefined })), ["stopTimers", "dropLink", "touch"]);
  const newer = { number: 4, parent: "c" };
  assert.deepEqual(away(departing, { kind: "elsewhere", to: newer }).state, {
    ...{ kind: "departing", to: newer, via: undefined },
  });
  for (const before of [FOREIGN, below]) {
    assert.deepEqual(away(before, { kind: "elsewhere", to }), { state: FOREIGN, effects: [] });
    assert.deepEqual(away(before, { kind: "below", via: "a", to }), { state: below, effects: [] });
  }
});

test("what has departed is released when it is quiet, and what is here is not", () => {
  const release = (isQuiet: boolean): OwnershipEvent => ({ kind: "releaseRequested", isQuiet });
  const confirmed = [{ kind: "confirmRelease" }];
  assert.deepEqual(step(departing, release(true)), { state: below, effects: confirmed });
  assert.deepEqual(step({ ...departing, via: undefined }, release(true)), { state: FOREIGN, effects: confirmed });
  assert.deepEqual(step(FOREIGN, release(true)), { state: FOREIGN, effects: confirmed });
  assert.deepEqual(step(below, release(true)), { state: below, effects: confirmed });
  assert.deepEqual(step(departing, { kind: "quiet" }), { state: below, effects: [] });
  assert.deepEqual(step(departing, { kind: "left" }), { state: departing, effects: [{ kind: "stopRedirect" }] });
  assert.deepEqual(step(departing, release(false)), { state: departing, effects: [] });
  const stays: OwnershipEvent[] = [release(true), release(false), { kind: "quiet" }, { kind: "left" }];
  for (const state of [owned, expected, disputed]) {
    for (const event of stays) assert.deepEqual(step(state, event), { state, effects: [] }, event.kind);
  }
  for (const event of [{ kind: "quiet" }, { kind: "left" }] as const) {
    assert.deepEqual(step(below, event), { state: below, effects: [] });
  }
});

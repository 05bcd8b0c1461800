import assert from "node:assert/strict";
import { test } from "node:test";
import {
  FOREIGN,
  isHere,
  mayAct,
  type Ownership,
  type OwnershipEvent,
  type OwnershipStep,
  step,
} from "../../aggregator/ownership/mod.ts";
import { createCoverage, fc } from "../support/property.ts";
import { events } from "./arbitraries.ts";

const KINDS = ["foreign", "below", "expected", "owned", "departing", "disputed"] as const;

/** What an event has made of a node, and what it was before. */
interface Taken extends OwnershipStep {
  readonly before: Ownership;
  readonly event: OwnershipEvent;
}

/** Checks something of every step of random sequences of facts. Those about times come only while that time runs. */
function always(name: string, check: (taken: Taken) => void): void {
  const covered = createCoverage(name, KINDS, 0.02);
  fc.assert(
    fc.property(fc.array(events, { minLength: 1, maxLength: 30 }), (sequence) => {
      let state: Ownership = FOREIGN;
      const met = new Set<typeof KINDS[number]>();
      for (const event of sequence) {
        if (event.kind === "joinOver" && !(state.kind === "expected" && state.isJoining)) continue;
        if (event.kind === "graceOver" && !(isHere(state) && state.grace !== "none")) continue;
        // A run begins with nothing.
        const before: Ownership = event.kind === "remembered" ? FOREIGN : state;
        const taken: Taken = { before, event, ...step(before, event) };
        check(taken);
        state = taken.state;
        met.add(state.kind);
      }
      covered.saw(...met);
    }),
    { numRuns: 1_000 },
  );
  covered.check();
}
function has({ effects }: OwnershipStep, kind: OwnershipStep["effects"][number]["kind"]): boolean {
  return effects.some((effect) => effect.kind === kind);
}
function may(state: Ownership): boolean {
  return state.kind === "owned" && mayAct(state, { kind: "acting" }, (id) => id).may;
}

test("a time runs exactly while a node's ownership says so", () => {
  always("times", ({ before, event, state, effects }) => {
    const wasJoining = before.kind === "expected" && before.isJoining && event.kind !== "joinOver";
    let joins = wasJoining;
    let grace = isHere(before) && event.kind !== "graceOver" ? before.grace : "none";
    for (const effect of effects) {
      if (effect.kind === "startJoin") joins = true;
      if (effect.kind === "startGrace") grace = effect.length;
      if (effect.kind === "stopGrace" || effect.kind === "stopTimers") grace = "none";
      if (effect.kind === "stopTimers") joins = false;
    }
    assert.equal(joins, state.kind === "expected" && state.isJoining, "the time to join");
    assert.equal(grace, isHere(state) ? state.grace : "none", "the time to come back");
  });
});

test("only the root's word makes a node this aggregator's", () => {
  always("words", ({ before, event, state }) => {
    if (event.kind !== "assigned" && event.kind !== "remembered") assert.equal(isHere(state), isHere(before));
    if (isHere(state) && isHere(before) && event.kind !== "assigned") {
      assert.equal(state.assignment, before.assignment);
    }
  });
});

test("a node that is expected is owned only once it has joined, its machine is off, or nobody else holds it in time", () => {
  always("expected", ({ before, event, state }) => {
    if (before.kind !== "expected" || state.kind !== "owned" || state.assignment !== before.assignment) return;
    switch (event.kind) {
      case "wrote":
        return assert.ok(event.assignment >= before.assignment);
      case "linked":
        return assert.ok(event.link === "level" && event.assignment >= before.assignment);
      case "assigned":
        return assert.ok(event.joined >= before.assignment);
      case "seen":
        return assert.equal(event.machine.power, "off");
      case "joinOver":
        return assert.deepEqual(before.holders, []);
      default:
        assert.fail(`by ${event.kind}`);
    }
  });
});

test("only an owner whose silent node has had its time takes it for lost", () => {
  always("losses", (taken) => {
    if (!has(taken, "declareLost")) return;
    const { before, event } = taken;
    assert.ok(before.kind === "owned" && before.link === "down");
    assert.ok(event.kind === "graceOver" && !event.isDeaf && event.machine.agent !== "other");
  });
});

test("a disputed node is in dispute until an assignment comes down that is as late as the one that it has shown", () => {
  always("disputes", ({ before, event, state }) => {
    if (before.kind !== "disputed" || event.kind === "remembered" || state.kind === "disputed") return;
    assert.equal(event.kind, "assigned");
    if (event.kind === "assigned" && event.place.kind === "here") {
      assert.ok(event.place.assignment >= before.claimed || event.place.assignment === before.assignment);
    }
  });
});

test("what is not this aggregator's is released or redirected, and nothing else", () => {
  always("others", (taken) => {
    if (isHere(taken.state)) {
      for (const kind of ["confirmRelease", "redirect", "dropLink"] as const) {
        assert.ok(!has(taken, kind), kind);
      }
    } else {
      for (const kind of ["takeOver", "startJoin", "startGrace", "show", "declareLost"] as const) {
        assert.ok(!has(taken, kind), kind);
      }
      assert.equal(may(taken.state), false);
    }
  });
});

test("a node is taken over once for each assignment that puts it here", () => {
  always("takeovers", (taken) => {
    const { before, event, state } = taken;
    const isNew = event.kind === "assigned" && isHere(state) &&
      !(isHere(before) && before.assignment === state.assignment);
    assert.equal(has(taken, "takeOver"), isNew);
  });
});

test("the same word twice changes nothing the second time", () => {
  always("repetition", ({ event, state }) => {
    if (event.kind !== "assigned") return;
    const again = step(state, event);
    assert.deepEqual(again.state, state);
    assert.deepEqual(again.effects, []);
  });
});

test("a node that leaves is told where to go if it was heard, and called if that is not known", () => {
  always("departures", ({ before, state, effects }) => {
    if (!isHere(before) || isHere(state) || state.kind !== "departing") return;
    const isTold = before.link !== "down" && state.to !== undefined;
    assert.equal(effects.some(({ kind }) => kind === "redirect"), isTold);
    const dropped = effects.find(({ kind }) => kind === "dropLink");
    assert.deepEqual(dropped, { kind: "dropLink", isCalled: !isTold });
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createDispatcher,
  createTurnClock,
  type Dispatcher,
  EventLoopError,
  type SubscriberFailure,
} from "../../src/dispatch/mod.ts";
import { createCoverage, fc } from "../support/property.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

type Phase = "first" | "second" | "third";
type Happened =
  | { readonly kind: "Set"; readonly to: number }
  | { readonly kind: "Named"; readonly name: string }
  | { readonly kind: "Ended" };

const PHASES: readonly Phase[] = ["first", "second", "third"];

function make(maxRounds?: number) {
  const failures: SubscriberFailure[] = [];
  const loops: EventLoopError[] = [];
  const dispatcher = createDispatcher<Phase, Happened>({
    phases: PHASES,
    ...(maxRounds !== undefined && { maxRounds }),
    onFailure: (failure) => void failures.push(failure),
    onLoop: (loop) => void loops.push(loop),
  });
  const heard: string[] = [];
  const tell = (subscriber: string, phase: Phase) =>
    dispatcher.on(phase, subscriber, ["Set"], ({ to }) => void heard.push(`${subscriber} ${phase} ${to}`));
  return { dispatcher, failures, loops, heard, tell };
}

const set = (to: number): Happened => ({ kind: "Set", to });

test("a subscriber gets the kinds that it asked for, each with its own fields", () => {
  const { dispatcher, heard } = make();
  dispatcher.on("first", "both", ["Set", "Named"], (event) => {
    heard.push(event.kind === "Set" ? `set ${event.to}` : `named ${event.name}`);
  });
  for (const event of [set(1), { kind: "Ended" }, { kind: "Named", name: "x" }] as const) dispatcher.post(event);
  assert.deepEqual(heard, ["set 1", "named x"]);
});

test("all events of a turn go through a phase before any of them reaches the next", () => {
  const { dispatcher, heard, tell } = make();
  tell("b", "second");
  tell("a", "first");
  tell("c", "first");
  dispatcher.turn(() => {
    dispatcher.post(set(1));
    dispatcher.post(set(2));
    assert.deepEqual(heard, [], "nothing is delivered before the turn has ended");
  });
  assert.deepEqual(heard, ["a first 1", "c first 1", "a first 2", "c first 2", "b second 1", "b second 2"]);
});

test("what a subscriber posts comes in the next round, also to phases that this round has yet to reach", () => {
  const { dispatcher, heard, tell } = make();
  dispatcher.on("first", "doubler", ["Set"], ({ to }) => {
    if (to < 10) dispatcher.post(set(10 * to));
  });
  tell("late", "third");
  dispatcher.turn(() => [1, 2].forEach((to) => dispatcher.post(set(to))));
  assert.deepEqual(heard, ["late third 1", "late third 2", "late third 10", "late third 20"]);
});

test("a turn inside a turn ends with the outer one", () => {
  const { dispatcher, heard, tell } = make();
  tell("a", "first");
  const result = dispatcher.turn(() => {
    dispatcher.turn(() => dispatcher.post(set(1)));
    assert.deepEqual(heard, []);
    return "done";
  });
  assert.deepEqual([result, heard], ["done", ["a first 1"]]);
});

test("a turn inside a delivery is a part of it", () => {
  const { dispatcher, heard, tell } = make();
  dispatcher.on("first", "nested", ["Named"], () => {
    dispatcher.turn(() => dispatcher.post(set(1)));
    heard.push("nested is done");
  });
  tell("a", "first");
  dispatcher.post({ kind: "Named", name: "x" });
  assert.deepEqual(heard, ["nested is done", "a first 1"]);
});

test("what was posted before a turn threw is delivered, and the error goes on", () => {
  const { dispatcher, heard, tell } = make();
  tell("a", "first");
  const failing = () =>
    dispatcher.turn(() => {
      dispatcher.post(set(1));
      throw new Error("No room");
    });
  assert.throws(failing, /No room/);
  assert.deepEqual(heard, ["a first 1"]);
});

test("an error of a subscriber is told, and keeps nothing from the others", () => {
  const { dispatcher, heard, failures, tell } = make();
  const error = new Error("broken");
  dispatcher.on("first", "broken", ["Set"], () => {
    dispatcher.post({ kind: "Ended" });
    throw error;
  });
  tell("a", "first");
  tell("b", "second");
  dispatcher.on("first", "end", ["Ended"], () => void heard.push("ended"));
  dispatcher.post(set(1));
  assert.deepEqual(heard, ["a first 1", "b second 1", "ended"]);
  assert.deepEqual(failures, [{ phase: "first", subscriber: "broken", kind: "Set", error }]);
});

test("a turn that does not come to rest ends with an error that names the loop, not what led to it", () => {
  const { dispatcher, loops, heard, tell } = make(20);
  dispatcher.on("first", "start", ["Ended"], () => dispatcher.post({ kind: "Named", name: "x" }));
  dispatcher.on("first", "ping", ["Named"], () => dispatcher.post(set(1)));
  dispatcher.on("second", "pong", ["Set"], () => dispatcher.post({ kind: "Named", name: "x" }));
  tell("bystander", "third");
  dispatcher.post({ kind: "Ended" });
  assert.equal(loops.length, 1);
  assert.deepEqual(loops[0]?.members.toSorted(), ["ping on Named", "pong on Set"]);
  assert.match(
    loops[0]?.message ?? "",
    /^Events did not come to rest within 20 rounds: (ping on Named -> pong on Set -> ping on Named|pong on Set -> ping on Named -> pong on Set)$/,
  );
  const before = heard.length;
  dispatcher.post({ kind: "Ended" });
  assert.ok(heard.length > before, "it goes on after that");
});

test("a turn that does not come to rest keeps nothing from those that are not of the loop", () => {
  const { dispatcher, loops, heard } = make(20);
  dispatcher.on("first", "loop", ["Set"], ({ to }) => dispatcher.post(set(to)));
  let left = 20;
  dispatcher.on("first", "countdown", ["Named"], (event) => {
    if (--left > 0) dispatcher.post(event);
    else dispatcher.post({ kind: "Ended" });
  });
  dispatcher.on("second", "end", ["Ended"], () => void heard.push("ended"));
  dispatcher.turn(() => {
    dispatcher.post(set(1));
    dispatcher.post({ kind: "Named", name: "x" });
  });
  assert.deepEqual([loops.map(({ members }) => members), heard], [[["loop on Set"]], ["ended"]]);
});

test("of two loops in a turn each is told of, and the turn ends", () => {
  const { dispatcher, loops } = make(20);
  dispatcher.on("first", "one", ["Set"], ({ to }) => dispatcher.post(set(to)));
  dispatcher.on("first", "other", ["Ended"], () => dispatcher.post({ kind: "Ended" }));
  dispatcher.turn(() => {
    dispatcher.post(set(1));
    dispatcher.post({ kind: "Ended" });
  });
  assert.deepEqual(loops.map(({ members }) => members), [["one on Set"], ["other on Ended"]]);
});

test("that an error can't be told keeps nothing from others: it is thrown once all is delivered, and once", () => {
  const heard: string[] = [];
  const dispatcher = createDispatcher<Phase, Happened>({
    phases: PHASES,
    onFailure: ({ error }) => {
      throw new Error(`The log is full: ${String(error)}`);
    },
    onLoop: () => {},
  });
  dispatcher.on("first", "broken", ["Set"], ({ to }) => {
    throw to;
  });
  dispatcher.on("second", "bystander", ["Set", "Named"], (event) => {
    heard.push(event.kind);
    if (event.kind === "Set") dispatcher.post({ kind: "Named", name: "x" });
  });
  const turn = () => dispatcher.turn(() => [1, 2].forEach((to) => dispatcher.post(set(to))));
  assert.throws(turn, /^Error: The log is full: 1$/);
  assert.deepEqual(heard, ["Set", "Set", "Named", "Named"]);
  dispatcher.post({ kind: "Named", name: "y" });
  assert.equal(heard.length, 5);
});

test("a turn may take as many rounds as are allowed", () => {
  const { dispatcher, loops } = make(20);
  dispatcher.on("first", "countdown", ["Set"], ({ to }) => {
    if (to > 1) dispatcher.post(set(to - 1));
  });
  dispatcher.post(set(20));
  assert.equal(loops.length, 0);
  dispatcher.post(set(21));
  assert.deepEqual(loops[0]?.members, ["countdown on Set"]);
});

test("a dispatcher that was stopped delivers nothing, in the middle of a round too", () => {
  const { dispatcher, heard, tell } = make();
  dispatcher.on("first", "ender", ["Ended"], () => dispatcher.stop());
  tell("a", "first");
  dispatcher.turn(() => {
    dispatcher.post({ kind: "Ended" });
    dispatcher.post(set(1));
  });
  dispatcher.post(set(2));
  assert.deepEqual([heard, dispatcher.turn(() => 5)], [[], 5]);
});

test("a phase that does not exist can't be subscribed to", () => {
  const dispatcher = createDispatcher<string, Happened>({ phases: ["a"], onFailure() {}, onLoop() {} });
  assert.throws(() => dispatcher.on("b", "x", ["Set"], () => {}), /phase 'b'/);
});

test("a timer of a turn clock is a turn", async () => {
  const { dispatcher, heard, tell } = make();
  const inner = createVirtualClock();
  const clock = createTurnClock(inner, dispatcher.turn);
  tell("a", "first");
  clock.after(5, () => {
    dispatcher.post(set(clock.now()));
    heard.push("the timer is done");
  });
  clock.after(5, () => void heard.push("never"))();
  await inner.advance(10);
  assert.deepEqual([heard, clock.wall()], [["the timer is done", "a first 5"], inner.wall()]);
});

/** A subscriber of the property: on `hears` it posts these, one generation on. */
interface Rule {
  readonly phase: Phase;
  readonly hears: number;
  readonly posts: readonly number[];
}
/** `Set` is a kind here: events are numbers of three kinds, with the generations that they still may lead to. */
type Numbered = { readonly kind: "0" | "1" | "2"; readonly left: number };

/** What rules hear, by a plain reading of the contract. */
function expected(rules: readonly Rule[], turn: readonly Numbered[]): string[] {
  const heard: string[] = [];
  for (let round = turn; round.length > 0;) {
    const next: Numbered[] = [];
    for (const phase of PHASES) {
      for (const event of round) {
        rules.forEach((rule, place) => {
          if (rule.phase !== phase || String(rule.hears) !== event.kind) return;
          heard.push(`${place} ${event.kind} ${event.left}`);
          if (event.left > 0) next.push(...rule.posts.map((to) => numbered(to, event.left - 1)));
        });
      }
    }
    round = next;
  }
  return heard;
}
function numbered(to: number, left: number): Numbered {
  return { kind: to === 0 ? "0" : to === 1 ? "1" : "2", left };
}
function subscribe(dispatcher: Dispatcher<Phase, Numbered>, rules: readonly Rule[], heard: string[]): void {
  rules.forEach((rule, place) =>
    dispatcher.on(rule.phase, String(place), [numbered(rule.hears, 0).kind], (event) => {
      heard.push(`${place} ${event.kind} ${event.left}`);
      if (event.left > 0) rule.posts.forEach((to) => dispatcher.post(numbered(to, event.left - 1)));
    })
  );
}

test("any subscribers hear any events in the order of rounds, phases, posts and subscriptions", () => {
  const number = fc.integer({ min: 0, max: 2 });
  const rule = fc.record({
    phase: fc.constantFrom(...PHASES),
    hears: number,
    posts: fc.array(number, { maxLength: 2 }),
  });
  const turn = fc.array(fc.tuple(number, fc.integer({ min: 0, max: 3 })), { maxLength: 4 });
  const covered = createCoverage("dispatched turns", ["several events", "several rounds", "several phases"], 0.2);
  fc.assert(fc.property(fc.array(rule, { maxLength: 6 }), turn, (rules, events) => {
    const heard: string[] = [];
    const dispatcher = createDispatcher<Phase, Numbered>({
      phases: PHASES,
      onFailure: ({ error }) => assert.fail(String(error)),
      onLoop: (loop) => assert.fail(loop.message),
    });
    subscribe(dispatcher, rules, heard);
    const posted = events.map(([kind, left]) => numbered(kind, left));
    dispatcher.turn(() => posted.forEach(dispatcher.post));
    assert.deepEqual(heard, expected(rules, posted));
    covered.saw(
      ...(events.length > 1 ? ["several events" as const] : []),
      ...(heard.length > events.length ? ["several rounds" as const] : []),
      ...(new Set(rules.map(({ phase }) => phase)).size > 1 ? ["several phases" as const] : []),
    );
  }));
  covered.check();
});

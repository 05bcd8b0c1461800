import assert from "node:assert/strict";
import { test } from "node:test";
import { Lru } from "../../src/plan/lru.ts";
import { createPlanner, type Plan, type Planner, type Question } from "../../src/plan/mod.ts";
import { createWorker } from "../../src/plan/slices.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { type Small, small } from "./machine.ts";

const BITS = 7;

/** A Gray code's counter: its last bit comes by a way through every state, one after the other. */
function counter(name: string): Record<string, Small> {
  const mutations: Record<string, Small> = {};
  for (let bit = 0; bit < BITS; bit++) {
    const requires: Record<string, string> = bit === 0 ? {} : { [`/${name}${bit - 1}`]: "b" };
    for (let lower = 0; lower < bit - 1; lower++) requires[`/${name}${lower}`] = "a";
    mutations[`${name}-up${bit}`] = { changes: { [`/${name}${bit}`]: ["a", "b"] }, requires };
    mutations[`${name}-down${bit}`] = { changes: { [`/${name}${bit}`]: ["b", "a"] }, requires };
  }
  return mutations;
}

const domain = small({ ...counter("x"), ...counter("y"), easy: { changes: { "/easy": ["a", "b"] } } });

function question(...names: readonly string[]): Question {
  const bits = names.flatMap((name) => Array.from({ length: BITS }, (_, bit) => `/${name}${bit}`));
  return {
    view: new Map([["/easy", "a"] as const, ...bits.map((url) => [url, "a"] as const)]),
    cfg: new Map(names.map((name) => [`/${name}${BITS - 1}`, "b"])),
  };
}

const easy: Question = { view: new Map([["/easy", "a"]]), cfg: new Map([["/easy", "b"]]) };

/** A planner whose clock goes on by a millisecond each time that it is read. */
function createLab(options: { readonly maxMs?: number } = {}) {
  const clock = createVirtualClock();
  let read = 0;
  const slices = { clock: { now: () => clock.now() + read++, after: clock.after.bind(clock) }, ...options };
  return { clock, planner: createPlanner(domain, { slices }), read: () => read };
}

function reasonOf(planner: Planner, asked: Question): unknown {
  const plan = planner.plan(asked);
  return plan.ok ? "found" : plan.reason.kind;
}

test("a planner with slices answers what is easy at once", () => {
  const { planner } = createLab();
  assert.equal(reasonOf(planner, easy), "found");
  assert.equal(planner.plan(easy), planner.plan(easy)); // from memory
});

test("a planner with slices finds the same plan as one without, while others have their turn", async () => {
  const { clock, planner, read } = createLab();
  assert.deepEqual(planner.plan(question("x")), { ok: false, reason: { kind: "searching" }, suspended: [] });
  let turns = 0;
  let longest = 0;
  let before = read();
  const other = () => {
    turns++;
    longest = Math.max(longest, read() - before);
    before = read();
    if (turns < 200) clock.after(0, other);
  };
  clock.after(0, other);
  let found = false;
  void planner.found(question("x")).then(() => found = true);
  await clock.advance(0);
  assert.ok(found);
  assert.ok(turns > 5, `Others had ${turns} turns`);
  assert.ok(longest <= 14, `A slice took ${longest} looks at the clock`);
  assert.deepEqual(planner.plan(question("x")), createPlanner(domain).plan(question("x")));
});

test("a question that is asked while it is being searched for is searched once", async () => {
  const { clock, planner } = createLab();
  planner.plan(question("x"));
  for (let again = 0; again < 50; again++) assert.equal(reasonOf(planner, question("x")), "searching");
  let found = 0;
  for (let again = 0; again < 3; again++) void planner.found(question("x")).then(() => found++);
  await clock.advance(0);
  assert.equal(found, 3);
  assert.equal(planner.plan(question("x")), planner.plan(question("x")));
});

test("hard questions that are asked in one turn share its slice, and each is answered", async () => {
  const { clock, planner, read } = createLab();
  const hard = [question("x"), question("y"), question("x", "y")];
  for (const each of hard) assert.equal(reasonOf(planner, each), "searching");
  assert.equal(reasonOf(planner, easy), "searching"); // this turn is used up
  assert.ok(read() <= 14, `The turn took ${read()} looks at the clock`);
  let idle = false;
  void planner.idle().then(() => idle = true);
  await clock.advance(0);
  assert.ok(idle);
  for (const each of [...hard, easy]) assert.deepEqual(planner.plan(each), createPlanner(domain).plan(each));
});

test("an easy question does not wait for the hard ones before it", async () => {
  const { clock, planner } = createLab();
  planner.plan(question("x"));
  planner.plan(easy);
  let isHardFound = false;
  void planner.found(question("x")).then(() => isHardFound = true);
  let wasFirst: boolean | undefined;
  void planner.found(easy).then(() => wasFirst = !isHardFound);
  await clock.advance(0);
  assert.equal(wasFirst, true);
});

test("a search that takes too long ends with the bound on its time", async () => {
  const { clock, planner } = createLab({ maxMs: 30 });
  planner.plan(question("x"));
  await planner.found(question("y")); // was never asked for
  await clock.advance(0);
  assert.deepEqual(planner.plan(question("x")), {
    ok: false,
    reason: { kind: "bound", bound: "ms", limit: 30 },
    suspended: [],
  });
});

test("a search that would take too much memory ends with the bound on its bytes", () => {
  const plan = createPlanner(domain, { maxBytes: 20_000 }).plan(question("x"));
  assert.deepEqual(plan, { ok: false, reason: { kind: "bound", bound: "bytes", limit: 20_000 }, suspended: [] });
});

test("a planner without slices lets nobody wait", async () => {
  const planner = createPlanner(domain);
  await Promise.all([planner.idle(), planner.found(easy)]);
  assert.equal(reasonOf(planner, question("x")), "found");
});

test("the last slice of a question ends with the time that is left to it, not with its own", () => {
  let now = 0;
  const pending: (() => void)[] = [];
  const clock = { now: () => now, after: (_ms: number, run: () => void) => pending.push(run) };
  const answers = new Lru<Plan>(1);
  const worker = createWorker(answers, { clock, length: 10, maxMs: 15 });
  worker.answer("endless", [], function* () {
    for (;;) {
      now++;
      yield;
    }
  });
  assert.equal(now, 10);
  pending.shift()?.();
  assert.equal(now, 15);
  const reason = { kind: "bound", bound: "ms", limit: 15 };
  assert.deepEqual(answers.get("endless"), { ok: false, reason, suspended: [] });
});

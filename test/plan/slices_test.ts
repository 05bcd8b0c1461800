import assert from "node:assert/strict";
import { test } from "node:test";
import { goalsOf, sortGoals } from "../../src/plan/goals.ts";
import { createGrounder } from "../../src/plan/ground.ts";
import { Lru } from "../../src/plan/lru.ts";
import { createPlanner, type Plan, type Planner, type Question } from "../../src/plan/mod.ts";
import { createWorker } from "../../src/plan/slices.ts";
import { solve } from "../../src/plan/solve.ts";
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

/** A worker whose clock stands still between turns, and goes on by a millisecond with each part of the work. */
function createBench(options: { readonly length?: number; readonly maxMs?: number } = {}) {
  let now = 0;
  let parts = 0;
  const pending: { readonly ms: number; readonly run: () => void }[] = [];
  const clock = { now: () => now, after: (ms: number, run: () => void) => pending.push({ ms, run }) };
  const answers = new Lru<Plan>(100);
  const worker = createWorker(answers, { clock, ...options });
  const plan = (cost: number): Plan => ({ ok: true, steps: [], cost, duration: 0, suspended: [] });
  /** How often the work on each question has been begun. */
  const begun = new Map<string, number>();
  return {
    worker,
    answers,
    begun,
    pending,
    now: () => now,
    parts: () => parts,
    turn: () => pending.shift()?.run(),
    /** Asks a question that takes so many parts of a millisecond. */
    ask(key: string, count: number): string {
      const answer = worker.answer(key, [], function* () {
        begun.set(key, (begun.get(key) ?? 0) + 1);
        for (let part = 0; part < count; part++) {
          now++;
          parts++;
          yield;
        }
        return plan(count);
      });
      return answer.ok ? "found" : answer.reason.kind;
    },
  };
}

test("a question has one slice of 10 ms at once, and ten seconds in all, where nobody says otherwise", () => {
  const bench = createBench();
  assert.equal(bench.ask("easy", 9), "found");
  assert.equal(bench.ask("endless", Infinity), "searching");
  assert.equal(bench.now(), 19);
  let turns = 0;
  while (bench.answers.get("endless") === undefined && turns < 5000) {
    bench.turn();
    turns++;
  }
  assert.equal(bench.now(), 10_009);
  assert.deepEqual(bench.answers.get("endless"), {
    ok: false,
    reason: { kind: "bound", bound: "ms", limit: 10_000 },
    suspended: [],
  });
});

test("what is answered within its slice leaves the turn to others", () => {
  const bench = createBench();
  for (let each = 0; each < 10; each++) assert.equal(bench.ask(`easy${each}`, 9), "found");
  assert.equal(bench.pending.length, 0);
  assert.equal(bench.answers.get("easy9")?.ok, true);
});

test("questions after one that used up the turn are begun in the next ones, in the order in which they came", () => {
  const bench = createBench();
  assert.equal(bench.ask("hard", 100), "searching");
  for (const key of ["one", "two"]) assert.equal(bench.ask(key, 5), "searching");
  assert.deepEqual([...bench.begun.keys()], ["hard"]);
  assert.deepEqual(bench.pending.map(({ ms }) => ms), [0]); // one turn is asked for, not three
  bench.turn();
  assert.deepEqual([...bench.begun.keys()], ["hard", "one"]);
  assert.equal(bench.answers.get("one")?.ok, true);
  bench.turn();
  assert.equal(bench.answers.get("two")?.ok, true);
  while (bench.pending.length > 0) bench.turn();
  assert.equal(bench.answers.get("hard")?.ok, true);
  assert.deepEqual([bench.begun.get("hard"), bench.parts()], [1, 110]); // its work was kept
});

test("a new turn gives the next question its slice at once", () => {
  const bench = createBench();
  bench.ask("hard", 12);
  bench.turn();
  assert.equal(bench.answers.get("hard")?.ok, true);
  assert.equal(bench.ask("other", 5), "found");
});

test("only the first of the hard questions keeps what was begun: the others begin again when it is done", () => {
  const bench = createBench();
  bench.ask("one", 25);
  bench.ask("two", 25);
  while (bench.pending.length > 0) bench.turn();
  assert.deepEqual([...bench.begun], [["one", 1], ["two", 2]]);
  assert.equal(bench.answers.get("two")?.ok, true);
});

test("time that was spent on what is begun again does not count", () => {
  const bench = createBench({ maxMs: 30 });
  bench.ask("one", 25);
  bench.ask("two", 25);
  while (bench.pending.length > 0) bench.turn();
  assert.equal(bench.answers.get("two")?.ok, true); // 10 ms before it was let go, then 25
});

test("who waits for a question or for all hears of it once it is answered, and at once where nothing is worked on", async () => {
  const bench = createBench();
  const heard: string[] = [];
  const wait = (name: string, promise: Promise<void>) => void promise.then(() => heard.push(name));
  wait("idle at first", bench.worker.idle());
  wait("never asked", bench.worker.done("hard"));
  await Promise.resolve();
  assert.deepEqual(heard, ["idle at first", "never asked"]);
  bench.ask("hard", 15);
  bench.ask("waiting", 5);
  wait("idle", bench.worker.idle());
  wait("hard", bench.worker.done("hard"));
  wait("waiting", bench.worker.done("waiting"));
  await Promise.resolve();
  assert.equal(heard.length, 2);
  for (let left = 10; left > 0; left--) {
    bench.turn();
    await Promise.resolve();
  }
  assert.deepEqual(heard.slice(2), ["waiting", "hard", "idle"]);
  assert.equal(bench.pending.length, 0);
});

test("the bound on time is told with the goals that give way", () => {
  const bench = createBench({ length: 1, maxMs: 1 });
  const suspended = [{ url: "/x", value: "a", because: { url: "/y", value: "b" } }];
  const endless = function* (): Generator<void, Plan> {
    for (;;) yield;
  };
  assert.equal(bench.ask("hard", Infinity), "bound");
  const clock = { now: () => tick++, after: () => {} };
  let tick = 0;
  const answer = createWorker(bench.answers, { clock, length: 1, maxMs: 1 }).answer("other", suspended, endless);
  assert.deepEqual(answer, { ok: false, reason: { kind: "bound", bound: "ms", limit: 1 }, suspended });
});

test("an Lru keeps what was used last, by reading too, and makes a value once", () => {
  const lru = new Lru<number>(2);
  lru.set("a", 1);
  lru.set("b", 2);
  assert.equal(lru.get("a"), 1);
  lru.set("c", 3);
  assert.deepEqual(["a", "b", "c"].map((key) => lru.get(key)), [1, undefined, 3]);
  let made = 0;
  const make = () => ++made;
  assert.deepEqual([lru.getOrMake("a", make), lru.getOrMake("d", make), lru.getOrMake("d", make)], [1, 1, 1]);
  assert.deepEqual(["a", "c", "d"].map((key) => lru.get(key)), [1, undefined, 1]);
});

test("a question is worked on in parts: before the first search, and after each", () => {
  for (const count of [1, 2, 5]) {
    const urls = Array.from({ length: count }, (_, at) => `/s${at}`);
    const mutations = urls.map((url) => [url.slice(1), { changes: { [url]: ["a", "b"] } }] as const);
    const switches = small(Object.fromEntries(mutations));
    const cfg = new Map(urls.map((url) => [url, "b"]));
    const frame = createGrounder(switches).ground(urls, []);
    const view = new Map(urls.map((url) => [url, "a"]));
    const goals = sortGoals(switches, goalsOf(switches, cfg));
    const parts = solve(switches, frame, view, goals, { states: 1_000, bytes: 2 ** 20 });
    let pauses = 0;
    let last = parts.next();
    for (; last.done !== true; last = parts.next()) pauses++;
    assert.equal(last.value.ok && last.value.steps.length, count);
    assert.equal(pauses, 3 + count);
  }
});

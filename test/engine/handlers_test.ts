import assert from "node:assert/strict";
import { test } from "node:test";
import { createHandlers } from "../../src/engine/handlers.ts";
import type { Execution } from "../../src/engine/record.ts";
import type { Step } from "../../src/plan/mod.ts";
import type { Reports } from "../../src/reports.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

const HOUR = 3_600_000;
const NODE = { id: "a", name: "n1" };
const step: Step = {
  ...{ key: "m/on", module: "m", mutation: "on", bindings: {}, context: "parent", changes: {}, failTo: {} },
  ...{ timeout: 1_000, duration: 500, disruption: 0, after: [] },
};
const executionOf = (id: string, isOurs = true): Execution => {
  return { step, id, since: 0, isOurs, disruptive: false, hasReturned: false, seen: undefined };
};

/** Handlers that return when the test says so, and what was told of them. */
function makeBench() {
  const clock = createVirtualClock();
  const told: string[] = [];
  const runs: (Reports & { signal: AbortSignal; finish(): void; reject(error: unknown): void })[] = [];
  const tell = (kind: string) => (_id: unknown, { id }: Execution, more?: unknown) =>
    void told.push([clock.now(), kind, id, ...typeof more === "string" ? [more] : []].join(" "));
  const handlers = createHandlers(
    {
      run: (_id, _step, _execution, signal, reports) =>
        new Promise<void>((resolve, reject) => void runs.push({ ...reports, signal, finish: resolve, reject })),
      discover() {},
    },
    clock,
    300,
    {
      ...{ returned: tell("returned"), timeOver: tell("late"), noted: tell("noted"), overdue: tell("overdue") },
      failed: (_id, { id }, { message }) => void told.push(`${clock.now()} failed ${id} ${message}`),
      saw: (_id, { id }, { words }) => void told.push(`${clock.now()} saw ${id} ${words}`),
      free: (id) => void told.push(`${clock.now()} free ${id}`),
    },
  );
  const begin = (id: string) => {
    handlers.start(NODE.id, executionOf(id));
    const run = runs.at(-1);
    assert.ok(run);
    return run;
  };
  return { clock, told, handlers, begin, runs };
}

test("an execution's time is over once, also where another program runs it, and not when it has ended", async () => {
  for (const isOurs of [true, false]) {
    const { clock, told, handlers, runs } = makeBench();
    const [x, y] = [executionOf("x", isOurs), executionOf("y", isOurs)];
    for (const each of [x, y]) isOurs ? handlers.start("a", each) : handlers.await("a", each);
    assert.equal(runs.length, isOurs ? 2 : 0);
    handlers.end(NODE, y, "Not wanted");
    await clock.advance(999);
    assert.deepEqual(told.filter((each) => each.includes("late")), []);
    await clock.advance(5_000);
    assert.deepEqual(told.filter((each) => each.includes("late")), ["1000 late x"]);
    assert.equal(told.some((each) => each.includes("overdue")), isOurs, "nobody waits for what is not ours");
  }
});

test("what is extended has its whole time again, and what is over has none", async () => {
  const { clock, told, handlers, begin } = makeBench();
  begin("x");
  await clock.advance(600);
  handlers.extend("a", executionOf("x"));
  handlers.extend("a", executionOf("unknown"));
  await clock.advance(999);
  assert.equal(told.length, 0);
  await clock.advance(1);
  assert.deepEqual(told, ["1600 late x"]);
  handlers.end(NODE, executionOf("x"), "Late");
  handlers.extend("a", executionOf("x"));
  await clock.advance(5_000);
  assert.deepEqual(told.slice(1).map((each) => each.split(" ")[1]), ["overdue"]);
});

test("time in queues that overlap is counted once, from the first until the last is left", async () => {
  const { clock, told, begin } = makeBench();
  const run = begin("x");
  await clock.advance(100);
  const leaveFirst = run.queued();
  await clock.advance(200);
  const leaveSecond = run.queued();
  await clock.advance(300);
  leaveFirst();
  leaveFirst();
  await clock.advance(2_000);
  assert.equal(told.length, 0, "it still stands in the second");
  leaveSecond(); // at 2600 ms, after 2500 ms in queues
  leaveSecond();
  await clock.advance(899);
  assert.equal(told.length, 0);
  await clock.advance(1);
  assert.deepEqual(told, ["3500 late x"]);
});

test("a timeout is put off by an hour at most, in one queue or in many", async () => {
  const { clock, told, begin } = makeBench();
  begin("x").queued();
  const leave = begin("y").queued();
  await clock.advance(HOUR - 500);
  leave();
  await clock.advance(500);
  begin("z");
  const again = makeBench();
  const run = again.begin("w");
  for (let round = 0; round < 3; round++) {
    const out = run.queued();
    await again.clock.advance(HOUR / 2);
    out();
  }
  await clock.advance(1_000);
  assert.deepEqual(told.slice(0, 2), [`${HOUR + 500} late y`, `${HOUR + 1_000} late x`]);
  assert.deepEqual(again.told, [`${HOUR + 1_000} late w`]);
});

test("a queue that is left when its execution has ended starts no timer", async () => {
  const { clock, handlers, begin } = makeBench();
  const run = begin("x");
  const leave = run.queued();
  run.finish();
  await clock.advance(0);
  handlers.end(NODE, executionOf("x"), "Done");
  leave();
  run.queued();
  assert.equal(clock.waiting, 0);
});

test("a handler is told why its execution ends, and holds the next run up until it returns", async () => {
  const { clock, told, handlers, begin } = makeBench();
  const run = begin("x");
  await clock.advance(50);
  handlers.end(NODE, executionOf("x"), "Not wanted");
  assert.ok(run.signal.aborted);
  assert.equal(String(run.signal.reason), "AbortError: Not wanted");
  assert.deepEqual(handlers.unreturnedOf("a", "m/on"), { execution: "x", until: 350 });
  assert.equal(handlers.unreturnedOf("b", "m/on"), undefined);
  assert.equal(handlers.unreturnedOf("a", "m/off"), undefined);
  await clock.advance(100);
  run.finish();
  await clock.advance(1_000);
  assert.deepEqual(told, ["150 returned x", "150 free a"]);
  assert.equal(handlers.unreturnedOf("a", "m/on"), undefined);
});

test("a handler that has returned holds nothing up", async () => {
  const { clock, told, handlers, begin } = makeBench();
  const run = begin("x");
  run.finish();
  await clock.advance(10);
  handlers.end(NODE, executionOf("x"), "Done");
  assert.equal(handlers.unreturnedOf("a", "m/on"), undefined);
  handlers.end(NODE, executionOf("x"), "Done again");
  await clock.advance(1_000);
  assert.deepEqual(told, ["0 returned x"]);
});

test("a handler that does not return holds the next run up no longer than that, and this is told once", async () => {
  const { clock, told, handlers, begin } = makeBench();
  const run = begin("x");
  handlers.end(NODE, executionOf("x"), "Not wanted");
  await clock.advance(299);
  assert.equal(told.length, 0);
  await clock.advance(1);
  assert.deepEqual(told, ["300 overdue x The handler of execution x has not returned within 300 ms after its end"]);
  assert.equal(handlers.unreturnedOf("a", "m/on"), undefined);
  run.reject(new Error("Late"));
  await clock.advance(0);
  assert.deepEqual(told.slice(1), ["300 returned x", "300 failed x Late"], "it frees nobody any more");
});

test("of two runs that have not returned the last one counts", async () => {
  const { clock, told, handlers, begin } = makeBench();
  const first = begin("x");
  handlers.end(NODE, executionOf("x"), "Not wanted");
  await clock.advance(100);
  begin("y");
  handlers.end(NODE, executionOf("y"), "Not wanted");
  assert.deepEqual(handlers.unreturnedOf("a", "m/on"), { execution: "y", until: 400 });
  first.finish();
  await clock.advance(250);
  assert.deepEqual(told, ["100 returned x"], "nothing is told of the first any more");
  await clock.advance(50);
  assert.equal(told.length, 2);
});

test("what a handler tells goes to its execution, and nobody is waited for after the end", async () => {
  const { clock, told, handlers, begin } = makeBench();
  const run = begin("x");
  run.saw({ words: "Off", ifLate: "failed" });
  run.note("With force");
  run.reject(new Error("No"));
  await clock.advance(0);
  assert.deepEqual(told, ["0 saw x Off", "0 noted x With force", "0 returned x", "0 failed x No"]);
  begin("y");
  handlers.end(NODE, executionOf("y"), "The engine stops");
  handlers.end(NODE, executionOf("x"), "The engine stops");
  handlers.stop();
  assert.equal(clock.waiting, 0);
  assert.equal(handlers.unreturnedOf("a", "m/on"), undefined);
});

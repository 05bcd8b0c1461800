import assert from "node:assert/strict";
import { test } from "node:test";
import { createConcurrency } from "../../modules/power/limit.ts";
import type { Ask } from "../../modules/power/mod.ts";

function asking(urgent = false, signal = new AbortController().signal): Ask {
  return { urgent, signal };
}

test("createConcurrency() lets no more run than it may, the urgent first, each in turn, and tells who waits and for how long", async () => {
  const limit = createConcurrency(2);
  const ends: (() => void)[] = [];
  const begun: string[] = [];
  const queues: string[] = [];
  function start(name: string, urgent: boolean): Promise<void> {
    return limit.run(() => {
      begun.push(name);
      return new Promise((resolve) => ends.push(resolve));
    }, {
      ...asking(urgent),
      queued() {
        queues.push(`${name} waits`);
        return () => queues.push(`${name} goes on`);
      },
    });
  }
  const all = ["a", "b", "c", "d", "E", "F"].map((name) => start(name, name < "a"));
  await Promise.resolve();
  assert.deepEqual(begun, ["a", "b"]);
  assert.deepEqual(queues, ["c waits", "d waits", "E waits", "F waits"]);
  for (let index = 0; index < 6; index++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(begun.length - index, Math.min(2, 6 - index));
    ends[index]?.();
  }
  await Promise.all(all);
  assert.deepEqual(begun, ["a", "b", "E", "F", "c", "d"]);
  assert.deepEqual(queues.slice(4), ["E goes on", "F goes on", "c goes on", "d goes on"]);
});

test("createConcurrency() runs nothing whose signal has fired, before it or while it waits, and gives its place to the next", async () => {
  const limit = createConcurrency(1);
  let end = () => {};
  const running = limit.run(() => new Promise<void>((resolve) => void (end = resolve)), asking());
  const gone = new AbortController();
  const ran: string[] = [];
  let queues = 0;
  const queued = () => {
    queues++;
    return () => void queues--;
  };
  const waiting = limit.run(async () => void ran.push("gone"), { ...asking(true, gone.signal), queued });
  assert.equal(queues, 1);
  const next = limit.run(async () => void ran.push("next"), asking());
  gone.abort(new Error("Not wanted"));
  await assert.rejects(waiting, /Not wanted/);
  assert.equal(queues, 0, "it waits no more");
  await assert.rejects(limit.run(async () => void ran.push("late"), asking(true, gone.signal)), /Not wanted/);
  end();
  await Promise.all([running, next]);
  assert.deepEqual(ran, ["next"]);
  await assert.rejects(limit.run(() => Promise.reject(new Error("It fails")), asking()), /It fails/);
  await limit.run(async () => void ran.push("after"), asking());
  assert.deepEqual(ran, ["next", "after"]);
});

test("createConcurrency() lets a signal that fires after its work has begun put nobody out of the queue", async () => {
  const limit = createConcurrency(1);
  const ends: (() => void)[] = [];
  const ran: string[] = [];
  const start = (name: string, signal = new AbortController().signal) =>
    limit.run(() => {
      ran.push(name);
      return new Promise<void>((resolve) => void ends.push(resolve));
    }, asking(false, signal));
  const late = new AbortController();
  const all = [start("first"), start("second", late.signal), start("third")];
  for (let index = 0; index < 3; index++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (ran.at(-1) === "second") late.abort(new Error("Not wanted"));
    ends[index]?.();
  }
  assert.deepEqual(ran, ["first", "second", "third"]);
  await Promise.all(all);
});

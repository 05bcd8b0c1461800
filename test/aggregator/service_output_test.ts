import assert from "node:assert/strict";
import { test } from "node:test";
import { createServiceOutputs } from "../../aggregator/control/service_output.ts";
import { isRecord, type Value } from "../../src/state/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { createTestChanges } from "./small_tree.ts";

const STATE = "/services/job/state";
const ASKED = "/services/job/output/asked";
const TAIL = "/services/job/output/tail";

/** One node with the program `job`, whose agent answers when the test says so. */
function make() {
  const clock = createVirtualClock();
  const changes = createTestChanges();
  const view = new Map<string, Value>([[STATE, "RUN"], ["/services/job/pid", 7]]);
  const cfg = new Map<string, Value>();
  const node = { name: "n1", view, cfg };
  let drawn = 0;
  const outputs = createServiceOutputs({
    nodes: { read: (id) => id === "n" ? node : undefined },
    discovered: {
      parent(_, values) {
        for (const [url, value] of values) {
          if (value === null) view.delete(url);
          else view.set(url, value);
        }
      },
    },
    ...{ changes, clock, random: () => ++drawn / 100 },
  });
  const { signal } = new AbortController();
  return {
    ...{ clock, outputs, view, signal },
    asked() {
      const value = view.get(ASKED);
      return isRecord(value) ? { number: Number(value["number"]), lines: value["lines"] } : undefined;
    },
    answer(number: number, text: string) {
      view.set(TAIL, { number, text });
      changes.turn(() => changes.post({ kind: "Discovered", id: "n", facet: "self", urls: [TAIL], from: "n" }));
    },
  };
}

test("output is asked of the agent, and the request goes with its answer", async () => {
  const { outputs, signal, asked, answer } = make();
  const tail = outputs.tail("n", "job", 20, signal);
  assert.equal(asked()?.lines, 20);
  answer(asked()?.number ?? 0, "hello\n");
  assert.deepEqual(await tail, { ok: true, value: "hello\n" });
  assert.equal(asked(), undefined);
});

test("an answer to an earlier request counts for nobody", async () => {
  const { outputs, signal, asked, answer, clock } = make();
  const tail = outputs.tail("n", "job", 20, signal);
  answer((asked()?.number ?? 0) + 1, "old\n");
  assert.notEqual(asked(), undefined);
  await clock.advance(10_000);
  assert.deepEqual(await tail, {
    ok: false,
    kind: "silent",
    why: "The agent of 'n1' has not answered within 10 s",
  });
  assert.equal(asked(), undefined);
});

test("two who ask at the same time are answered together", async () => {
  const { outputs, signal, asked, answer } = make();
  const first = outputs.tail("n", "job", 20, signal);
  const second = outputs.tail("n", "job", 5, signal);
  answer(asked()?.number ?? 0, "hello\n");
  assert.deepEqual([await first, await second], [{ ok: true, value: "hello\n" }, { ok: true, value: "hello\n" }]);
});

test("whoever goes away leaves the request to the others, and the last one takes it along", async () => {
  const { outputs, signal, asked, answer } = make();
  const gone = new AbortController();
  const first = outputs.tail("n", "job", 20, gone.signal);
  const second = outputs.tail("n", "job", 20, signal);
  gone.abort();
  assert.equal((await first).ok, false);
  assert.notEqual(asked(), undefined);
  answer(asked()?.number ?? 0, "hello\n");
  assert.equal((await second).ok, true);
  const alone = new AbortController();
  const third = outputs.tail("n", "job", 20, alone.signal);
  alone.abort();
  assert.equal((await third).ok, false);
  assert.equal(asked(), undefined);
});

test("a program of which nothing is known, and a node that is not there, are not asked for", async () => {
  const { outputs, signal, view } = make();
  view.delete("/services/job/pid"); // as a module of Kraken's own program
  for (const id of ["n", "gone"]) {
    const result = await outputs.tail(id, "job", 20, signal);
    assert.equal(result.ok ? "" : result.kind, "none");
  }
});

test("a hundred may wait at a time", async () => {
  const { outputs, signal, asked, answer } = make();
  const waiting = Array.from({ length: 100 }, () => outputs.tail("n", "job", 1, signal));
  assert.match(JSON.stringify(await outputs.tail("n", "job", 1, signal)), /100 others wait for output/);
  answer(asked()?.number ?? 0, "x\n");
  assert.equal((await Promise.all(waiting)).every(({ ok }) => ok), true);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { within } from "../../src/toolkit/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

const never = () => new Promise<string>(() => {});

test("within() does not wait for work that goes on after its time, or after its signal", async () => {
  const clock = createVirtualClock();
  const { signal } = new AbortController();
  const late = assert.rejects(within({ clock, ms: 1_000, late: "no answer in 1000 ms", signal }, never), {
    message: "no answer in 1000 ms",
  });
  await clock.advance(1_000);
  await late;
  const unwanted = new AbortController();
  const broken = assert.rejects(within({ clock, ms: 1_000, late: "late", signal: unwanted.signal }, never), {
    message: "Not wanted",
  });
  unwanted.abort(new Error("Not wanted"));
  await broken;
  await assert.rejects(within({ clock, ms: 1_000, late: "late", signal: unwanted.signal }, never), {
    message: "Not wanted",
  });
});

test("within() hands on what work comes to, and its signal outlives it", async () => {
  const clock = createVirtualClock();
  const controller = new AbortController();
  let given: AbortSignal | undefined;
  const work = async (signal: AbortSignal) => {
    given = signal;
    return "done";
  };
  assert.equal(await within({ clock, ms: 1_000, late: "late", signal: controller.signal }, work), "done");
  await clock.advance(5_000);
  assert.equal(given?.aborted, false, "its time is over no more");
  controller.abort(new Error("The end"));
  assert.equal(given?.aborted, true);
  await assert.rejects(
    within(
      { clock, ms: 1_000, late: "late", signal: new AbortController().signal },
      () => Promise.reject(new Error("No")),
    ),
    {
      message: "No",
    },
  );
});

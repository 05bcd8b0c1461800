import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog, type Level } from "../../src/log.ts";
import { createTestRoot } from "../support/root.ts";

test("a log writes the lines of a level from when it is set until it is set back", () => {
  const written: string[] = [];
  let level: Level = "info";
  const log = createLog((line) => written.push(JSON.parse(line).message), { level: () => level });
  const child = log.with({ node: "n1" });
  const say = (n: number) => {
    child.debug(`debug ${n}`);
    child.info(`info ${n}`);
  };
  say(1);
  level = "debug";
  say(2);
  level = "error";
  say(3);
  child.error("error 3");
  assert.deepEqual(written, ["info 1", "debug 2", "info 2", "error 3"]);
});

test("lines have the fields of what is done at the moment, and their own before them", () => {
  const written: unknown[] = [];
  const now: { context?: { readonly request: string } } = {};
  const log = createLog((line) => written.push(JSON.parse(line)), { context: () => now.context, wall: () => 0 });
  log.info("before");
  now.context = { request: "r1" };
  log.info("during", { node: "n1" });
  log.info("other", { request: "r2" });
  const line = { time: "1970-01-01T00:00:00.000Z", level: "info" };
  assert.deepEqual(written, [
    { ...line, message: "before" },
    { ...line, message: "during", request: "r1", node: "n1" },
    { ...line, message: "other", request: "r2" },
  ]);
});

test("/log/level of an aggregator's own node is followed: at the start, and at each change of it alone", async () => {
  const told: (Level | undefined)[] = [];
  const root = await createTestRoot({ names: ["n1"], onLogLevel: (level) => told.push(level) });
  assert.deepEqual(told, [undefined]);
  root.patch("root", { "/log/level": "debug" });
  root.patch("n1", { "/log/level": "error" });
  root.patch("root", { "/rack": "r1" });
  assert.deepEqual(told, [undefined, "debug"]);
  assert.deepEqual(root.patch("root", { "/log/level": "loud" }).ok, false);
  root.patch("root", { "/log/level": null });
  assert.deepEqual(told, [undefined, "debug", undefined]);
  const { store } = root;
  root.patch("root", { "/log/level": "warn" });
  await root.aggregator.stop();
  const again: (Level | undefined)[] = [];
  const next = await createTestRoot({ store, onLogLevel: (level) => again.push(level) });
  assert.deepEqual(again, ["warn"]);
  await next.aggregator.stop();
});

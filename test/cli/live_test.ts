import assert from "node:assert/strict";
import { test } from "node:test";
import { createLive } from "../../src/cli/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { createTerminalDouble } from "./terminal_double.ts";

const screen = { columns: 80, rows: 24 };

test("createLive() redraws its lines in place on a screen", async () => {
  const terminal = createTerminalDouble(screen);
  const clock = createVirtualClock();
  const live = createLive(terminal, clock, { interval: 500 });
  live.show(["a", "b"]);
  await clock.advance(500);
  live.show(["c"]);
  assert.equal(terminal.output(), "\x1b[?7la\nb\n\x1b[?7h\x1b[2A\r\x1b[J\x1b[?7lc\n\x1b[?7h");
});

test("createLive() draws at most once an interval, and then what was shown last", async () => {
  const terminal = createTerminalDouble(screen);
  const clock = createVirtualClock();
  const live = createLive(terminal, clock, { interval: 500 });
  for (const line of ["a", "b", "c"]) live.show([line]);
  await clock.advance(499);
  assert.equal(terminal.output().includes("c"), false);
  await clock.advance(1);
  assert.equal(terminal.output().includes("b"), false);
  assert.equal(terminal.output().includes("c"), true);
});

test("createLive() writes plain lines elsewhere, at longer intervals and only when they changed", async () => {
  const terminal = createTerminalDouble();
  const clock = createVirtualClock();
  const live = createLive(terminal, clock, { plainInterval: 5000 });
  live.show(["a"]);
  live.show(["b"]);
  await clock.advance(4999);
  assert.equal(terminal.output(), "a\n");
  await clock.advance(1);
  live.show(["b"]);
  await clock.advance(5000);
  live.end();
  assert.equal(terminal.output(), "a\nb\n");
});

test("createLive() draws what was shown last when it ends, and nothing after that", async () => {
  const terminal = createTerminalDouble();
  const clock = createVirtualClock();
  const live = createLive(terminal, clock);
  live.show(["a"]);
  live.show(["b"]);
  live.end();
  live.show(["c"]);
  await clock.advance(60_000);
  assert.equal(terminal.output(), "a\nb\n");
});

test("createLive() keeps printed lines above the block", () => {
  const terminal = createTerminalDouble(screen);
  const live = createLive(terminal, createVirtualClock());
  live.show(["block"]);
  live.print("note");
  assert.ok(terminal.output().endsWith("\x1b[1A\r\x1b[Jnote\nblock\n"));
});

test("createLive() leaves out the middle of a block that is higher than the screen", () => {
  const terminal = createTerminalDouble({ columns: 80, rows: 6 });
  const live = createLive(terminal, createVirtualClock());
  live.show(["1", "2", "3", "4", "5", "6", "7", "8", "sum"]);
  assert.equal(terminal.output(), "\x1b[?7l1\n2\n3\n… 5 more lines\nsum\n\x1b[?7h");
});

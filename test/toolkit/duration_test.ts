import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { formatDuration, parseDuration, roughDuration } from "../../src/toolkit/mod.ts";

test("parseDuration() reads milliseconds, seconds, minutes and hours", () => {
  const texts = ["500ms", "10s", "1.5s", "5m", "1h", "0s"];
  assert.deepEqual(texts.map(parseDuration), [500, 10_000, 1500, 300_000, 3_600_000, 0]);
});

test("parseDuration() refuses what has no unit, a sign, or more than one part", () => {
  for (const text of ["", "5", "s", "-5s", "5 s", "1m30s", "1e3s", "5S", "5d", "0x1s"]) {
    assert.equal(parseDuration(text), undefined, text);
  }
});

test("formatDuration() takes the largest unit that gives a whole number", () => {
  assert.deepEqual([0, 500, 1500, 10_000, 90_000, 300_000, 7_200_000].map(formatDuration), [
    "0ms",
    "500ms",
    "1500ms",
    "10s",
    "90s",
    "5m",
    "2h",
  ]);
});

test("parseDuration() reads back what formatDuration() writes", () => {
  const covered = createCoverage("durations", ["ms", "s", "m", "h"], 0.1);
  const ms = fc.oneof(
    fc.nat(999_999_999),
    ...[1_000, 60_000, 3_600_000].map((unit) => fc.nat(200).map((n) => n * unit)),
  );
  fc.assert(
    fc.property(ms, (ms) => {
      const text = formatDuration(ms);
      covered.saw(text.endsWith("ms") ? "ms" : text.endsWith("s") ? "s" : text.endsWith("m") ? "m" : "h");
      assert.equal(parseDuration(text), ms);
    }),
    { numRuns: 400 },
  );
  covered.check();
});

test("roughDuration() rounds for people: seconds, minutes and hours", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "1 s"],
    [1400, "1 s"],
    [22_500, "25 s"],
    [59_000, "1 min"],
    [70_000, "1 min 10 s"],
    [600_000, "10 min"],
    [7_500_000, "2 h"],
  ];
  for (const [ms, text] of cases) assert.equal(roughDuration(ms), text);
});

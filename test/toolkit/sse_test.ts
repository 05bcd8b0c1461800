import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { createSseParser, readEvents } from "../../src/toolkit/mod.ts";

test("createSseParser() reads events with id, type and data of several lines, and passes over comments", () => {
  const parser = createSseParser();
  const events = parser.push(
    ": hello\n\nid: 7\nevent: done\ndata: a\ndata:  b\n\n: beat\n\ndata\n\nretry: 5\nid:9\n\n",
  );
  assert.deepEqual(events, [
    { id: "7", event: "done", data: "a\n b" },
    { id: "7", event: "message", data: "" },
  ]);
});

test("createSseParser() reads the same from every way to cut and to end lines", () => {
  const lines = ["id: 1", "event: x", "data: ü", "", ": beat", "", "data: 2", "data: 3", "", ""];
  const expected = [{ id: "1", event: "x", data: "ü" }, { id: "1", event: "message", data: "2\n3" }];
  const cuts = fc.array(fc.nat(80), { maxLength: 6 });
  const covered = createCoverage("server-sent events", ["cut within a line", "cut within a line end", "whole"], 0.05);
  fc.assert(
    fc.property(fc.constantFrom("\n", "\r\n", "\r"), cuts, (end, cuts) => {
      const text = `\ufeff${lines.join(end)}`;
      covered.saw(
        ...cuts.map((at) =>
          text.slice(at - 1, at + 1) === "\r\n" ? "cut within a line end" as const : "cut within a line"
        ),
        ...(cuts.length === 0 ? ["whole" as const] : []),
      );
      const places = [0, ...cuts.sort((a, b) => a - b), text.length];
      const parser = createSseParser();
      const events = places.flatMap((place, index) => parser.push(text.slice(place, places[index + 1] ?? place)));
      // A lone carriage return at the end may be half of a line end: the next line shows that it was not.
      assert.deepEqual([...events, ...parser.push(end === "\r" ? ":" : "")], expected);
    }),
    { numRuns: 300 },
  );
  covered.check();
});

test("createSseParser() refuses an event that does not end", () => {
  const parser = createSseParser(100);
  parser.push(`data: ${"x".repeat(60)}\n`);
  assert.throws(() => parser.push(`data: ${"x".repeat(60)}`), RangeError);
  assert.throws(() => createSseParser(100).push("x".repeat(101)), RangeError);
});

test("createSseParser() goes on for ever on events that do end", () => {
  const parser = createSseParser(100);
  for (let round = 0; round < 50; round++) assert.equal(parser.push(`data: ${round}\n\n`).length, 1);
});

test("readEvents() gives the same events however the stream is cut", async () => {
  const text =
    ': hello\r\n\r\nid: 1\ndata: {"a":1}\n\ndata: one\ndata:two\n\nretry: 5\nevent: x\ndata: last\n\ndata: unfinished';
  const covered = createCoverage(
    "pieces of a stream",
    ["cut between CR and LF", "cut in a line", "single bytes"],
    0.02,
  );
  const size = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(1));
  const some = fc.oneof(fc.array(size, { minLength: 1, maxLength: 40 }), fc.constant([1]));
  await fc.assert(
    fc.asyncProperty(some, async (sizes) => {
      const bytes = new TextEncoder().encode(text);
      const chunks: Uint8Array[] = [];
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1;
        chunks.push(bytes.slice(at, at + size));
        at += size;
      }
      const ends = chunks.map((chunk) => chunk.at(-1));
      covered.saw(
        ...(ends.includes(13) ? ["cut between CR and LF" as const] : []),
        ...(ends.some((end) => end !== 13 && end !== 10) ? ["cut in a line" as const] : []),
        ...(chunks.every(({ length }) => length === 1) ? ["single bytes" as const] : []),
      );
      const data: string[] = [];
      for await (const event of readEvents(streamOf(chunks))) data.push(event.data);
      assert.deepEqual(data, ['{"a":1}', "one\ntwo", "last"]);
    }),
    { numRuns: 300 },
  );
  covered.check();
  const endless = streamOf(Array.from({ length: 40 }, () => new Uint8Array(10_000).fill(65)));
  await assert.rejects(async () => {
    for await (const _ of readEvents(endless, 262_144)) assert.fail("There is no event");
  }, /an event of more than 262144 characters/);
});

function streamOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  const left = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const next = left.shift();
      if (next === undefined) controller.close();
      else controller.enqueue(next);
    },
  });
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { readUpTo } from "../../src/toolkit/mod.ts";
import { fc } from "../support/property.ts";

test("readUpTo() gives all bytes of a body that fits, and nothing of one that does not", async () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 8 });
  await fc.assert(fc.asyncProperty(pieces, fc.nat(100), async (pieces, limit) => {
    const whole = pieces.flatMap((piece) => [...piece]);
    let last = -1;
    async function* body() {
      for (const [at, piece] of pieces.entries()) {
        last = at;
        yield piece;
      }
    }
    const found = await readUpTo(body(), limit);
    assert.deepEqual(found && [...found], whole.length <= limit ? whole : undefined);
    if (found !== undefined) return;
    const read = pieces.slice(0, last).reduce((sum, { length }) => sum + length, 0);
    assert.ok(read <= limit, "nothing is read after the piece that is too much");
  }));
});

test("readUpTo() cancels a stream that is longer than it may be, and takes no body for an empty one", async () => {
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(10)),
    cancel: () => void (cancelled = true),
  });
  assert.equal(await readUpTo(endless, 25), undefined);
  assert.equal(cancelled, true);
  assert.equal((await readUpTo(null, 0))?.length, 0);
});

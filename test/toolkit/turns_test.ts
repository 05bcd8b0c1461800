import assert from "node:assert/strict";
import { test } from "node:test";
import { createTurns } from "../../src/toolkit/mod.ts";

test("createTurns() does one piece of work after the other, also after one that fails", async () => {
  const inTurn = createTurns();
  const done: string[] = [];
  const work = (name: string) => async () => {
    done.push(`${name} begins`);
    await Promise.resolve();
    done.push(`${name} ends`);
    if (name === "b") throw new Error("b failed");
    return name;
  };
  const [a, b, c] = [inTurn(work("a")), inTurn(work("b")), inTurn(work("c"))];
  await assert.rejects(b, /b failed/);
  assert.deepEqual([await a, await c], ["a", "c"]);
  assert.deepEqual(done, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
});

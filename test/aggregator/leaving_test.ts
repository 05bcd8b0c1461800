import assert from "node:assert/strict";
import { test } from "node:test";
import { createLeaving } from "../../aggregator/links/leaving.ts";

test("a node that has left two children is gone when both know, whichever is told first", () => {
  for (const order of [["a", "b", "c"], ["c", "b", "a"], ["b", "a", "c"]]) {
    const gone: string[] = [];
    const leaving = createLeaving((id) => void gone.push(id));
    for (const child of ["a", "b", "c"]) leaving.left(child, "n");
    for (const [told, child] of order.entries()) {
      assert.deepEqual([gone, leaving.has("n")], [[], true], `${told} of ${order.join()}`);
      leaving.told(child, ["n"]);
    }
    assert.deepEqual([gone, leaving.has("n")], [["n"], false]);
  }
});

test("a node has left once every child that had it has been told", () => {
  const gone: string[] = [];
  const leaving = createLeaving((id) => void gone.push(id));
  leaving.left("a", "n");
  leaving.left("b", "n");
  leaving.left("a", "m");
  leaving.told("b", ["n"]);
  assert.deepEqual([leaving.has("n"), gone], [true, []]);
  leaving.told("b", ["m"]);
  leaving.told("a", ["n"]);
  assert.deepEqual([leaving.has("n"), leaving.has("m"), gone], [false, true, ["n"]]);
  leaving.told("a", ["n", "m", "other"]);
  assert.deepEqual([leaving.has("m"), gone], [false, ["n", "m"]]);
});

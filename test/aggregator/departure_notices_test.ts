import assert from "node:assert/strict";
import { test } from "node:test";
import { createDepartureNotices } from "../../aggregator/links/departure_notices.ts";

test("a node that has left several children is gone when all know, whichever is told first", () => {
  for (const order of [["a", "b", "c"], ["c", "b", "a"], ["b", "a", "c"]]) {
    const gone: string[] = [];
    const departures = createDepartureNotices((id) => void gone.push(id));
    for (const child of ["a", "b", "c"]) departures.left(child, "n");
    for (const [told, child] of order.entries()) {
      assert.deepEqual([gone, departures.has("n")], [[], true], `${told} of ${order.join()}`);
      departures.told(child, ["n"]);
    }
    assert.deepEqual([gone, departures.has("n")], [["n"], false]);
  }
});

test("a node has left once every child that had it has been told", () => {
  const gone: string[] = [];
  const departures = createDepartureNotices((id) => void gone.push(id));
  departures.left("a", "n");
  departures.left("b", "n");
  departures.left("a", "m");
  departures.told("b", ["n"]);
  assert.deepEqual([departures.has("n"), gone], [true, []]);
  departures.told("b", ["m"]);
  departures.told("a", ["n"]);
  assert.deepEqual([departures.has("n"), departures.has("m"), gone], [false, true, ["n"]]);
  departures.told("a", ["n", "m", "other"]);
  assert.deepEqual([departures.has("m"), gone], [false, ["n", "m"]]);
});

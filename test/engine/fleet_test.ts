import assert from "node:assert/strict";
import { test } from "node:test";
import { createFleet, describeFleetHold, goalsHash } from "../../src/engine/fleet.ts";
import type { MutationKey } from "../../src/plan/mod.ts";
import { DARK, LIT, nodeOf } from "./decisions.ts";

const LIGHT: MutationKey = "rack/light";
const DIM: MutationKey = "rack/dim";
const node = (name: string, cfg: Parameters<typeof nodeOf>[0] = LIT) => nodeOf(cfg, DARK, { name });

test("a mutation is held once it has failed on as many nodes in a row, and not held again by those after them", () => {
  const fleet = createFleet(() => 2, []);
  assert.equal(fleet.fail(LIGHT, node("n1"), "No lamp", 5), undefined);
  assert.equal(fleet.fail(LIGHT, node("n1"), "No lamp", 6), undefined, "it is the same node");
  const hold = fleet.fail(LIGHT, node("n2"), "No fuse", 7);
  const expected = { mutation: LIGHT, goals: goalsHash(node("n1")), nodes: ["n1", "n2"], reason: "No fuse", since: 7 };
  assert.deepEqual(hold, expected);
  assert.equal(fleet.fail(LIGHT, node("n3"), "No lamp", 8), undefined);
  assert.deepEqual(fleet.holds(), [expected]);
  assert.deepEqual(fleet.holdOf(LIGHT, node("n9")), expected);
  assert.equal(fleet.holdOf(DIM, node("n9")), undefined);
});

test("nodes with other goals, and other mutations, are counted for themselves", () => {
  const fleet = createFleet(() => 2, []);
  fleet.fail(LIGHT, node("n1"), "No lamp", 0);
  assert.equal(fleet.fail(LIGHT, node("n2", DARK), "No lamp", 0), undefined);
  assert.equal(fleet.fail(DIM, node("n3"), "No lamp", 0), undefined);
  assert.deepEqual(fleet.holds(), []);
  assert.notEqual(fleet.fail(LIGHT, node("n4"), "No lamp", 0), undefined);
  assert.equal(fleet.holdOf(LIGHT, node("n2", DARK)), undefined);
});

test("a success begins the count anew, and takes no hold back", () => {
  const fleet = createFleet(() => 2, []);
  fleet.fail(LIGHT, node("n1"), "No lamp", 0);
  fleet.succeed(LIGHT, node("n2"));
  assert.equal(fleet.fail(LIGHT, node("n3"), "No lamp", 0), undefined);
  fleet.succeed(LIGHT, node("n2", DARK));
  fleet.succeed(DIM, node("n2"));
  assert.notEqual(fleet.fail(LIGHT, node("n4"), "No lamp", 0), undefined, "those were others");
  fleet.succeed(LIGHT, node("n2"));
  assert.equal(fleet.holds().length, 1);
});

test("holds of an earlier run go on until they are released, all or some of them", () => {
  const first = { mutation: LIGHT, goals: goalsHash(node("x")), nodes: ["n1"], reason: "No lamp", since: 1 };
  const second = { ...first, mutation: DIM };
  const fleet = createFleet(() => 2, [first, second]);
  assert.deepEqual(fleet.holds(), [first, second]);
  assert.deepEqual(fleet.holdOf(LIGHT, node("x")), first);
  assert.deepEqual(fleet.release([first]), [first]);
  assert.deepEqual([fleet.holdOf(LIGHT, node("x")), fleet.holdOf(DIM, node("x"))], [undefined, second]);
  assert.deepEqual(fleet.release(), [second]);
  assert.deepEqual([fleet.holds(), fleet.release()], [[], []]);
  assert.equal(fleet.fail(LIGHT, node("x"), "No lamp", 0), undefined, "it is counted anew");
});

test("goals are the same in any order of cfg, and without what nothing can change", () => {
  const of = (cfg: Parameters<typeof nodeOf>[0]) => goalsHash(nodeOf(cfg, {}));
  assert.equal(of({ "/lamp": "LIT", "/fan": "FAST" }), of({ "/fan": "FAST", "/lamp": "LIT" }));
  assert.notEqual(of({ "/lamp": "LIT" }), of({ "/lamp": "DARK" }));
  assert.match(of({}), /^[0-9a-f]{16}$/);
});

test("a hold names its first nodes, how many more there are, and the last one", () => {
  const words = (nodes: readonly string[]) =>
    describeFleetHold({ mutation: LIGHT, goals: "g", nodes, reason: "No lamp", since: 0 });
  assert.match(
    words(["n1"]),
    /^rack\/light failed on 1 nodes in a row for the same goals \(n1\), last on n1: No lamp$/,
  );
  assert.match(words(["n1", "n2"]), /on 2 nodes .*\(n1, n2\), last on n2: No lamp$/);
  const many = Array.from({ length: 40 }, (_, at) => `n${at + 1}`);
  const said = words(many);
  const [, shown = "", more = ""] = /\((.*) and (\d+) more\), last on n40/.exec(said) ?? [];
  assert.equal(shown.split(", ").length + Number(more), 40, said);
  assert.match(words([]), /last on one of them: No lamp$/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { createRollbackDetector } from "../../aggregator/links/rollback_detector.ts";
import { assigned, createSmallTree, idOf } from "./small_tree.ts";
import { makeTerm } from "../support/versions.ts";

function make() {
  const { replica, set } = createSmallTree();
  set("n", { "/parent": "root", "/assignment": assigned(2, "root") });
  const told: string[] = [];
  return { told, look: createRollbackDetector({ replica, run: 5, onOlder: (child) => void told.push(child) }) };
}
const ID = idOf("n");

test("a child that has a value of this run from an earlier process shows that the disk was put back", () => {
  for (const [above, expected] of [[makeTerm(2, 4), []], [makeTerm(2, 5), [ID]], [makeTerm(3, 1), [ID]]] as const) {
    const { told, look } = make();
    look(ID, above);
    assert.deepEqual(told, expected, String(above));
  }
});

test("a child shows it also where it showed an older value before", () => {
  const { told, look } = make();
  look(ID, makeTerm(2, 4));
  look(ID, makeTerm(2, 5));
  assert.deepEqual(told, [ID]);
});

test("it is said once", () => {
  const { told, look } = make();
  look(ID, makeTerm(2, 5));
  look(idOf("m"), makeTerm(2, 5));
  assert.deepEqual(told, [ID]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { createUndeclared } from "../../aggregator/links/undeclared.ts";
import { declareModule, type ModuleDeclaration } from "../../src/plan/mod.ts";
import { type BirthFrame, digestOf } from "../../src/sync/mod.ts";
import { ofRun } from "../support/versions.ts";

const FAN = [declareModule({ name: "fan", about: "Fans", extensions: [], discovers: [], mutations: {} })];

function birth(digest: string, modules?: readonly ModuleDeclaration[]): BirthFrame {
  return {
    ...{ type: "birth", from: "r", term: ofRun(0), parent: "", received: 0, epoch: 0, parentTerm: ofRun(0) },
    ...{ digest, knownDigest: "", ...(modules !== undefined && { modules }) },
  };
}

function make() {
  const digests = new Map<string, readonly ModuleDeclaration[]>();
  const undeclared = createUndeclared({ of: (digest) => digests.get(digest) });
  const ready = () => undeclared.declared().map(([child]) => child);
  return { digests, undeclared, ready };
}

test("births wait until their declarations are known, and then come out in their order", () => {
  const { digests, undeclared, ready } = make();
  assert.deepEqual(["a", "b"].map((child) => undeclared.born(child, birth("fans"))), [true, true]);
  assert.equal(undeclared.born("c", birth("others")), true);
  assert.deepEqual([ready(), undeclared.waiting], [[], 3]);
  digests.set("fans", FAN);
  assert.deepEqual([ready(), ready(), undeclared.waiting], [["a", "b"], [], 1]);
});

test("a birth that declares, or whose declarations are known, does not wait, and its child waits no longer", () => {
  const { digests, undeclared } = make();
  undeclared.born("a", birth("fans"));
  undeclared.born("b", birth("fans"));
  assert.equal(undeclared.born("a", birth(digestOf(FAN), FAN)), false);
  digests.set("known", FAN);
  assert.equal(undeclared.born("b", birth("known")), false);
  assert.equal(undeclared.waiting, 0);
});

test("of one child the last birth waits, and none of a child that is removed", () => {
  const { digests, undeclared } = make();
  undeclared.born("a", birth("first"));
  undeclared.born("a", birth("second"));
  undeclared.born("b", birth("second"));
  undeclared.remove("b");
  digests.set("second", FAN);
  assert.deepEqual(undeclared.declared().map(([child, { digest }]) => [child, digest]), [["a", "second"]]);
});

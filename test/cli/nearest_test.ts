import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest } from "../../src/cli/mod.ts";

const known = ["broker", "http-port", "dry-run", "wait"];

test("nearest() finds a name with a letter too few, too many, wrong or swapped", () => {
  const texts = ["broer", "brooker", "brokar", "borker", "dryrun", "http_port"];
  assert.deepEqual(texts.map((text) => nearest(text, known)), [
    "broker",
    "broker",
    "broker",
    "broker",
    "dry-run",
    "http-port",
  ]);
});

test("nearest() finds nothing when no name is near", () => {
  assert.equal(nearest("zebra", known), undefined);
  assert.equal(nearest("", known), undefined);
  assert.equal(nearest("x", []), undefined);
});

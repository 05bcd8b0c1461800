import assert from "node:assert/strict";
import { test } from "node:test";
import { baseTopic, nodeTopic, topicLevel, whyNoPrefix } from "../../aggregator/publish/topics.ts";
import { isNodeName } from "../../src/state/mod.ts";
import { createCoverage, fc } from "../support/property.ts";

test("topicLevel() gives every text a level of its own without separators and wildcards, and leaves names of nodes as they are", () => {
  const coverage = createCoverage("topic levels", ["a name", "to be escaped"]);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: fc.constantFrom(..."ab/+#$%\0\n é漢", "😀", "\ud800"), maxLength: 24 }),
        fc.stringMatching(/^[a-z0-9.-]{1,8}$/),
      ),
      (text) => {
        const level = topicLevel(text);
        assert.match(level, /^[^/+#$\p{Cc}]+$/u);
        if (!/\p{Surrogate}/u.test(text) && text !== "") assert.equal(decodeURIComponent(level), text);
        if (isNodeName(text)) {
          assert.equal(level, text);
        }
        coverage.saw(...(isNodeName(text) ? ["a name" as const] : level === text ? [] : ["to be escaped" as const]));
      },
    ),
  );
  coverage.check();
});

test("an aggregator below the root publishes at a place of its own, and each cluster has one", () => {
  assert.equal(nodeTopic(baseTopic("kraken-state", "demo"), "n1"), "kraken-state/demo/nodes/n1");
  assert.equal(baseTopic("site/k", "demo", "rack1"), "site/k/demo/aggregators/rack1");
  assert.equal(nodeTopic(baseTopic("kraken-state", "a/b"), "n+1"), "kraken-state/a%2Fb/nodes/n%2B1");
});

test("a prefix is some levels of a topic, and never one below which programs of Kraken speak to each other", () => {
  for (const good of ["kraken-state", "site/kraken", "k"]) assert.equal(whyNoPrefix(good), undefined, good);
  for (const bad of ["", "/a", "a/", "a//b", "a/#", "+", "$SYS", "a\0", "x".repeat(129), "kraken", "kraken/1/demo"]) {
    assert.notEqual(whyNoPrefix(bad), undefined, bad);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { type Channel, childrenFilter, formatTopic, parseTopic } from "../../src/mqtt/mod.ts";

const PARENT = "11111111-1111-4111-8111-111111111111";
const CHILD = "22222222-2222-4222-8222-222222222222";

test("parseTopic() takes apart what formatTopic() makes", () => {
  const covered = createCoverage("topics", ["up", "down", "life", "a name with hyphens"], 0.15);
  fc.assert(fc.property(
    fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}[a-z0-9]$/),
    fc.uuid(),
    fc.uuid(),
    fc.constantFrom<Channel>("up", "down", "life"),
    (cluster, parent, child, channel) => {
      covered.saw(channel, ...(cluster.includes("-") ? ["a name with hyphens" as const] : []));
      const topic = { cluster, parent, child, channel };
      assert.deepEqual(parseTopic(formatTopic(topic)), topic);
    },
  ));
  covered.check();
});

test("parseTopic() refuses whatever is no topic of a link", () => {
  const good = `kraken/1/demo/${PARENT}/${CHILD}/up`;
  assert.notEqual(parseTopic(good), undefined);
  const bad = [
    "",
    "kraken",
    `kraken/2/demo/${PARENT}/${CHILD}/up`,
    `kraken/1/demo/${PARENT}/${CHILD}`,
    `${good}/more`,
    `/${good}`,
    `kraken/1/demo/${PARENT}/${CHILD}/sideways`,
    `kraken/1/demo/${PARENT}/n1/up`,
    `kraken/1/demo/${PARENT.toUpperCase().replaceAll("1", "A")}/${CHILD}/up`,
    `kraken/1/+/${PARENT}/${CHILD}/up`,
    `kraken/1//${PARENT}/${CHILD}/up`,
    childrenFilter("demo", PARENT, "up"),
  ];
  for (const topic of bad) assert.equal(parseTopic(topic), undefined, topic);
});

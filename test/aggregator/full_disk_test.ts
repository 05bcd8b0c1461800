import assert from "node:assert/strict";
import { test } from "node:test";
import { createAggregator } from "../../aggregator/create_aggregator.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { createJoinModule } from "../../modules/join/module.ts";
import { createLog } from "../../src/log.ts";
import { assignmentValue, type Entry, nodeIdOf, type Term, type Value } from "../../src/state/mod.ts";
import { digestOf, type UpFrame } from "../../src/sync/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { makeTerm, ofRun } from "../support/versions.ts";

const rack = nodeIdOf("c", "rack1");
const node = nodeIdOf("c", "n1");

test("what a rack needs its disk for when it joins and takes a node over is made up for when there is room: nothing is thrown", async () => {
  const clock = createVirtualClock();
  const memory = openMemoryStore();
  const sent: UpFrame[] = [];
  let isFull = false;
  const aggregator = createAggregator({
    ...{
      cluster: "c",
      name: "rack1",
      run: "R",
      modules: [createJoinModule()],
      agentModules: [],
      grace: 1_000,
      clock,
      random: () => 0.5,
    },
    store: {
      ...memory,
      commit(batch) {
        if (isFull) throw new Error("No room");
        memory.commit(batch);
      },
    },
    log: createLog(() => {}),
    send() {},
    upstream: { send: (frame) => sent.push(frame), onAssignment() {}, onLink() {}, onKeepalive() {}, onDeposed() {} },
  });
  const { upstreamLink } = aggregator;
  assert.ok(upstreamLink !== undefined);
  await aggregator.start({ api: "http://127.0.0.1:1", broker: "mqtt://127.0.0.1:2" });
  await clock.advance(1_000);
  isFull = true;
  upstreamLink.connected();
  assert.equal(sent[0]?.type, "birth");
  const modules: never[] = [];
  upstreamLink.receive({
    ...{
      type: "welcome",
      from: "P",
      to: "R",
      term: makeTerm(1, 50),
      received: 0,
      newest: 2,
      epoch: 1,
      keepalive: 10,
    },
    ...{ digest: digestOf(modules), modules },
  });
  const entries = (term: Term, values: { readonly [url: string]: Value }): ReadonlyMap<string, Entry> =>
    new Map(Object.entries(values).map(([url, value]) => [url, { value, version: { ...term, rev: 1 } }]));
  upstreamLink.receive({
    ...{ type: "data", from: "P", to: "R", since: 0, upTo: 2, newest: 2 },
    documents: [
      { id: rack, facets: { cfg: entries(ofRun(1), { "/name": "rack1", "/role": "AGGREGATOR", "/parent": "root" }) } },
      {
        id: node,
        facets: {
          cfg: entries(ofRun(1), {
            "/name": "n1",
            "/parent": "rack1",
            "/assignment": assignmentValue({ number: 2, parent: rack }),
          }),
          parent: entries(makeTerm(2, 60), { "/physState": "POWER_ON" }),
        },
      },
    ],
  });
  await clock.advance(5_000);
  assert.match(aggregator.control.troubles().join(), /No room/);
  const acks = () => sent.flatMap((frame) => frame.type === "ack" || frame.type === "ping" ? [frame.received] : []);
  assert.ok(
    acks().length > 0 && acks().every((received) => received === 0),
    "nothing is acknowledged that is not on disk",
  );
  assert.equal(aggregator.control.find(node)?.parent, "rack1");

  isFull = false;
  await clock.advance(20_000);
  assert.deepEqual(aggregator.control.troubles(), []);
  await clock.advance(60_000); // it says again how much it has
  assert.equal(acks().at(-1), 2);
  const stored = memory.load();
  assert.ok(Number(stored.facts.get("run")) > 60);
  const version = stored.documents.find(({ id }) => id === node)?.facets.parent.get("/physState")?.version;
  assert.ok((version?.run ?? 0) > 60, "it has taken the node over");
  await aggregator.stop();
});

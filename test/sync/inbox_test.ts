import assert from "node:assert/strict";
import { test } from "node:test";
import { createInbox } from "../../src/sync/inbox.ts";
import type { DataFrame } from "../../src/sync/mod.ts";

function data(since: number, upTo: number): DataFrame {
  const entry = { value: upTo, version: [1, upTo] } as const;
  const documents = [{ id: "n", facets: { self: new Map([["/a", entry]]) } }];
  return { type: "data", from: "c", to: "p", since, upTo, newest: upTo, documents };
}

test("what came too early is acknowledged, and asked for again when its time has come", () => {
  const sent: string[] = [];
  const taken: number[] = [];
  let isEarly = false;
  const inbox = createInbox({
    take(_id, _facet, entries) {
      if (!isEarly) taken.push(Number(entries.get("/a")?.value));
      return isEarly ? 1 : 0;
    },
    isEarly: () => isEarly,
    sendAck: (received) => void sent.push(`ack ${received}`),
    sendResync: (received) => void sent.push(`resync ${received}`),
  });
  inbox.begin(0);
  inbox.data(data(0, 3));
  isEarly = true;
  assert.equal(inbox.data(data(3, 5)), 1);
  isEarly = false;
  inbox.data(data(5, 8));
  assert.deepEqual(sent, ["ack 3", "ack 5", "ack 8"]);
  assert.deepEqual([inbox.received, inbox.taken], [8, 3]);
  inbox.rewind();
  assert.deepEqual([inbox.received, inbox.taken], [3, 3]);
  inbox.data(data(3, 8));
  assert.deepEqual([inbox.received, inbox.taken], [8, 8]);
  assert.deepEqual(taken, [3, 8, 8]);
});

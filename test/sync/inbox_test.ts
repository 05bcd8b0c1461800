import assert from "node:assert/strict";
import { test } from "node:test";
import { createInbox } from "../../src/sync/inbox.ts";
import type { DataFrame } from "../../src/sync/mod.ts";
import { at } from "../support/versions.ts";

function data(since: number, upTo: number, newest = upTo): DataFrame {
  const entry = { value: upTo, version: at(1, upTo) } as const;
  const documents = [{ id: "n", facets: { self: new Map([["/a", entry]]) } }];
  return { type: "data", from: "c", to: "p", since, upTo, newest, documents };
}

/** An inbox, what it has sent, and the last of the values that it has taken. */
function make() {
  const sent: string[] = [];
  const taken: number[] = [];
  const world = { isEarly: false };
  const inbox = createInbox({
    take(_id, _facet, entries) {
      if (!world.isEarly) taken.push(Number(entries.get("/a")?.value));
      return world.isEarly ? 1 : 0;
    },
    isEarly: () => world.isEarly,
    sendAck: (received) => void sent.push(`ack ${received}`),
    sendResync: (received) => void sent.push(`resync ${received}`),
  });
  return { inbox, sent, taken, world };
}

test("what came too early is acknowledged, and asked for again when its time has come", () => {
  const { inbox, sent, taken, world } = make();
  inbox.begin(0);
  inbox.data(data(0, 3));
  world.isEarly = true;
  assert.equal(inbox.data(data(3, 5)), 1);
  world.isEarly = false;
  inbox.data(data(5, 8));
  assert.deepEqual(sent, ["ack 3", "ack 5", "ack 8"]);
  assert.deepEqual([inbox.received, inbox.taken], [8, 3]);
  inbox.rewind();
  assert.deepEqual([inbox.received, inbox.taken], [3, 3]);
  inbox.data(data(3, 8));
  assert.deepEqual([inbox.received, inbox.taken], [8, 8]);
  assert.deepEqual(taken, [3, 8, 8]);
});

test("of several frames that came too early the first one is gone back to", () => {
  const { inbox, world } = make();
  inbox.begin(0);
  inbox.data(data(0, 3));
  world.isEarly = true;
  inbox.data(data(3, 5));
  inbox.data(data(5, 8));
  assert.deepEqual([inbox.received, inbox.taken], [8, 3]);
  world.isEarly = false;
  inbox.rewind();
  assert.equal(inbox.received, 3);
  inbox.data(data(3, 8));
  inbox.rewind();
  assert.equal(inbox.received, 8, "nothing is too early any more");
});

test("a new epoch forgets what came too early", () => {
  const { inbox, world } = make();
  inbox.begin(0);
  inbox.data(data(0, 3));
  world.isEarly = true;
  inbox.data(data(3, 5));
  inbox.begin(7);
  assert.deepEqual([inbox.received, inbox.taken], [7, 7]);
});

test("a frame after a gap is not taken, and what is missing is asked for", () => {
  const { inbox, sent, taken } = make();
  inbox.begin(2, 9);
  assert.equal(inbox.data(data(3, 9)), 0);
  assert.deepEqual([inbox.received, sent, taken], [2, ["resync 2"], []]);
  inbox.data(data(2, 9));
  assert.deepEqual([inbox.received, sent, taken], [9, ["resync 2", "ack 9"], [9]]);
});

test("a late copy is acknowledged and not taken", () => {
  const { inbox, sent, taken } = make();
  inbox.begin(0, 5);
  inbox.data(data(0, 5));
  assert.deepEqual([inbox.data(data(0, 3)), inbox.data(data(0, 5))], [0, 0]);
  assert.deepEqual([inbox.received, sent, taken], [5, ["ack 5", "ack 5", "ack 5"], [5]]);
});

test("the first frame of a sender that was resumed is taken, and what has arrived does not go back by it", () => {
  const { inbox, sent, taken } = make();
  inbox.begin(5);
  inbox.data(data(0, 3));
  assert.deepEqual([inbox.received, sent, taken], [5, ["ack 5"], [3]]);
  inbox.data(data(0, 3));
  assert.deepEqual(taken, [3], "the second one is a late copy");
});

test("an inbox is complete once it has what the sender had when it began", () => {
  const { inbox } = make();
  assert.deepEqual([inbox.complete, inbox.received], [false, 0]);
  inbox.begin(2, 4);
  assert.equal(inbox.complete, false);
  inbox.data(data(2, 3, 9));
  assert.equal(inbox.complete, false);
  inbox.data(data(3, 4, 9));
  assert.equal(inbox.complete, true);
  inbox.begin(4, 4);
  assert.equal(inbox.complete, true, "it has everything from the beginning");
});

test("where it is not known what a sender has, its first frame tells", () => {
  const { inbox } = make();
  inbox.begin(0);
  assert.deepEqual([inbox.complete, inbox.isBehind], [false, true]);
  inbox.data(data(0, 2, 4));
  assert.deepEqual([inbox.complete, inbox.isBehind], [false, true]);
  inbox.data(data(2, 4, 6));
  assert.deepEqual([inbox.complete, inbox.isBehind], [true, true]);
  inbox.data(data(4, 6, 5)); // a newest that was sent earlier is passed over
  assert.deepEqual([inbox.complete, inbox.isBehind], [true, false]);
});

test("an inbox is behind while its sender is known to have more", () => {
  const { inbox } = make();
  inbox.begin(3, 3);
  assert.equal(inbox.isBehind, false);
  inbox.data(data(3, 4, 8));
  assert.equal(inbox.isBehind, true);
  inbox.data(data(4, 7, 7));
  assert.equal(inbox.isBehind, true, "it had more already");
  inbox.data(data(7, 8, 8));
  assert.equal(inbox.isBehind, false);
});

test("the values of every facet are taken, and those that are refused are counted together", () => {
  const taken: string[] = [];
  const inbox = createInbox({
    take(id, facet, entries) {
      taken.push(`${id} ${facet}`);
      return entries.size;
    },
    sendAck: () => {},
    sendResync: () => {},
  });
  const facet = (size: number) =>
    new Map(Array.from({ length: size }, (_, place) => [`/v${place}`, { value: 1, version: at(1, 1) }]));
  inbox.begin(0, 1);
  const documents = [
    { id: "n", facets: { cfg: facet(1), parent: facet(2), self: facet(4) } },
    { id: "m", facets: { parent: facet(8) } },
  ];
  assert.equal(inbox.data({ ...data(0, 1), documents }), 15);
  assert.deepEqual(taken, ["n cfg", "n parent", "n self", "m parent"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { CfgWriter } from "../../aggregator/cfg/writer.ts";
import { followStandbys, standbySeen, whyNotTakenOver } from "../../aggregator/handover/standby.ts";
import { createEvents } from "../../aggregator/store/events.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { createSmallTree, createTestChanges, idOf } from "./small_tree.ts";
import { at } from "../support/versions.ts";

const A = idOf("a");
/** What the root knows of an aggregator that is lost, and of one that is heard. */
const LOST = {
  "/physState": "POWER_ON",
  "/runState": "ERROR",
  "/staleSince": "2030-01-01T00:00:00Z",
  "/link": "DOWN",
} as const;
const HEARD = { "/physState": "POWER_ON", "/runState": "SYNC", "/link": "UP" } as const;

/** The root, `a` that is lost and has nodes `n` and `m`, and `b` which stands by for it and is heard. */
function make(isRefused = false) {
  const tree = createSmallTree();
  const store = openMemoryStore();
  const events = createEvents(createVirtualClock(), store, store.load());
  const done: string[] = [];
  const offers: string[] = [];
  const cfg: Pick<CfgWriter, "handOver" | "readdress"> = {
    handOver(ids, standby) {
      done.push(`${ids.length} to ${standby}`);
      return isRefused ? { ok: false, kind: "invalid", problems: ["one", "two"] } : { ok: true };
    },
    readdress: (name) => void done.push(`readdress ${name}`),
  };
  const changes = createTestChanges();
  followStandbys({
    ...{ replica: tree.replica, nodes: tree.nodes, changes, cfg, events },
    offered: (standby, why) => void offers.push(`${standby} ${why}`),
  });
  const changed = (id: string, urls: readonly string[]) =>
    changes.post({ kind: "Discovered", id, facet: "parent", urls, from: undefined });
  const seen = () => standbySeen(tree.replica.get(A)?.facets.cfg) ?? null;
  const lose = () => {
    tree.discover("b", "parent", HEARD);
    tree.set("a", { "/standby": "b" });
    tree.discover("a", "self", { "/standbySeen": seen() });
    for (const name of ["n", "m"]) tree.set(name, { "/parent": "a" });
    tree.discover("a", "parent", LOST);
  };
  return {
    ...tree,
    changes,
    changed,
    events,
    done,
    offers,
    lose,
    seen,
    kinds: () => events.after(0, 10).map(({ kind }) => kind),
  };
}

test("the nodes of an aggregator that is lost go to its standby, and it is said once", () => {
  const { changed, lose, done, events } = make();
  lose();
  changed(A, ["/runState"]);
  assert.deepEqual(done, ["2 to b"]);
  const [event] = events.after(0, 10);
  assert.deepEqual([event?.kind, event?.node, event?.why], [
    ...["failover", "a", "it is lost: its standby 'b' takes its 2 nodes over"],
  ]);
});

test("they go when the standby is heard again, too, and when the lost one is given a standby", () => {
  for (const [id, url] of [[idOf("b"), "/link"], [A, "/standby"], [A, "/link"]] as const) {
    const { changed, lose, done } = make();
    lose();
    changed(id, [url]);
    assert.deepEqual(done.filter((what) => what.includes(" to ")), ["2 to b"], url);
  }
});

test("nothing is taken over from one that is heard, was not waited for, has no nodes or no standby", () => {
  const states: [about: string, change: (world: ReturnType<typeof make>) => void][] = [
    ["it is heard", ({ discover }) => discover("a", "parent", { "/runState": "SYNC" })],
    ["nobody has waited", ({ discover }) => discover("a", "parent", { "/staleSince": null })],
    ["it has no standby", ({ set }) => void set("a", { "/standby": null })],
    ["its standby is unknown", ({ set }) => void set("a", { "/standby": "nobody" })],
    ["it has no nodes", ({ set }) => ["n", "m"].forEach((name) => set(name, { "/parent": "root" }))],
  ];
  for (const [about, change] of states) {
    const world = make();
    world.lose();
    change(world);
    world.changed(A, ["/runState"]);
    assert.deepEqual([world.done, world.kinds()], [[], []], about);
  }
});

test("nothing is given to a standby that is not heard itself", () => {
  for (const link of ["DOWN", null] as const) {
    const { changed, lose, done, discover } = make();
    lose();
    discover("b", "parent", { "/link": link });
    changed(A, ["/runState"]);
    assert.deepEqual(done, [], String(link));
  }
});

test("nothing is given to a standby that is reached through the lost one", () => {
  const { changed, lose, done, set } = make();
  lose();
  set("b", { "/parent": "a" });
  changed(A, ["/runState"]);
  assert.deepEqual(done, []);
});

test("nodes of an aggregator that never heard of its standby stay with it, which is said once until it is back", () => {
  const { changed, lose, done, discover, kinds, seen } = make();
  lose();
  discover("a", "self", { "/standbySeen": "b 0.1" });
  changed(A, ["/runState"]);
  changed(A, ["/runState"]);
  assert.deepEqual([done, kinds()], [[], ["refused"]]);
  discover("a", "parent", { "/runState": "SYNC" });
  changed(A, ["/runState"]);
  discover("a", "parent", LOST);
  changed(A, ["/runState"]);
  assert.deepEqual([done, kinds()], [[], ["refused", "refused"]]);
  discover("a", "self", { "/standbySeen": seen() });
  changed(A, ["/runState"]);
  assert.deepEqual(done, ["2 to b"]);
});

test("a takeover that can't be written is said with its reason", () => {
  const { changed, lose, events, set } = make(true);
  lose();
  set("m", { "/parent": "root" });
  changed(A, ["/runState"]);
  const [event] = events.after(0, 10);
  assert.deepEqual([event?.kind, event?.why], ["refused", "its standby 'b' cannot take its 1 node over: one; two"]);
});

test("what could not be done while the store took no writes is done once it does", () => {
  const { changes, lose, done } = make();
  lose();
  const handedOver = () => done.filter((what) => what === "2 to b").length;
  changes.post({ kind: "StoreTurned", problem: "No room" });
  assert.equal(handedOver(), 0);
  changes.post({ kind: "StoreTurned", problem: undefined });
  assert.ok(handedOver() > 0);
});

test("what is of no aggregator, or of other values, has nothing done", () => {
  const { changed, lose, done, set } = make();
  lose();
  changed(idOf("n"), ["/runState"]);
  changed(idOf("unknown"), ["/runState"]);
  changed(A, ["/load"]);
  set("a", { "/deleted": true });
  changed(A, ["/runState"]);
  assert.deepEqual(done, []);
});

test("an aggregator that says for whom it stands by is told of, and changes nothing", () => {
  const { changed, done, discover, set, offers, lose } = make();
  const B = idOf("b");
  for (const value of ["a", "nobody", "b", 7] as const) {
    discover("b", "self", { "/standbyFor": value });
    changed(B, ["/standbyFor"]);
  }
  assert.deepEqual(offers, [
    `${B} it offers to stand by for 'a' (--standby-for); to accept that: krakenctl set a /standby=b`,
  ]);
  lose();
  set("a", { "/standby": null });
  discover("b", "self", { "/standbyFor": "a" });
  changed(B, ["/standbyFor", "/link", "/runState"]);
  changed(A, ["/runState"]);
  assert.deepEqual(done, []);
  assert.equal(offers.length, 2);
  set("a", { "/standby": "other" });
  changed(B, ["/standbyFor"]);
  assert.deepEqual([done, offers.length], [[], 2]);
});

test("an offer is told of when it is made, or by one that becomes an aggregator, and not by anything else", () => {
  for (const [url, expected] of [["/standbyFor", 1], ["/role", 1], ["/load", 0], ["/api", 0]] as const) {
    const { changed, done, discover, offers } = make();
    discover("b", "self", { "/standbyFor": "a" });
    changed(idOf("b"), [url]);
    assert.deepEqual([offers.length, done], [expected, []], url);
  }
});

test("those whose broker or standby changes have their children told, and so have those for whom they stand by", () => {
  const { changed, done, set } = make();
  set("a", { "/standby": "b" });
  changed(A, ["/standby"]);
  assert.deepEqual(done, ["readdress a"]);
  changed(idOf("b"), ["/broker"]);
  assert.deepEqual(done, ["readdress a", "readdress b", "readdress a"]);
  changed(idOf("b"), ["/api"]);
  assert.equal(done.length, 3);
});

test("what an aggregator has seen of its standby is named with its version", () => {
  const entry = (value: Value) => new Map([["/standby", { value, version: at(3, 4) }]]);
  assert.equal(standbySeen(entry("b")), "b 0.3.4");
  assert.equal(standbySeen(new Map([["/standby", { value: null, version: at(3, 4) }]])), undefined);
  assert.equal(standbySeen(entry(7)), undefined);
  assert.equal(standbySeen(undefined), undefined);
});

test("why nodes are not taken over says what to do", () => {
  const { lose, nodes, replica, discover } = make();
  lose();
  const lost = () => {
    const node = nodes.read(A);
    assert.ok(node !== undefined);
    return node;
  };
  assert.equal(whyNotTakenOver(replica, lost()), undefined);
  discover("a", "self", { "/standbySeen": null });
  assert.match(
    whyNotTakenOver(replica, lost()) ?? "",
    /never heard that 'b' stands by .*set their \/parent and delete it/,
  );
});

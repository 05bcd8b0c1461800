import assert from "node:assert/strict";
import { test } from "node:test";
import { createRunBudget } from "../../aggregator/links/run_budget.ts";
import { createChildTerms } from "../../aggregator/links/child_terms.ts";
import { createChildren } from "../../aggregator/links/children.ts";
import { createPendingTransfers } from "../../aggregator/links/pending_transfers.ts";
import type { ChildrenParts } from "../../aggregator/links/types.ts";
import { createClaims } from "../../aggregator/ownership/claims.ts";
import { createFacts } from "../../aggregator/ownership/facts.ts";
import { createOwners } from "../../aggregator/ownership/owners.ts";
import { declareModule } from "../../src/plan/mod.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { assignmentIn, type Term } from "../../src/state/mod.ts";
import { type BirthFrame, digestOf, type DownFrame, type Session } from "../../src/sync/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { assigned, createSmallTree, idOf, listen, quiet } from "./small_tree.ts";
import { at, makeTerm, ofRun } from "../support/versions.ts";

const [N, M, A] = [idOf("n"), idOf("m"), idOf("a")];
const DIGEST = digestOf([]);

/** The links of the root to `n`, an agent, and to `a`, an aggregator with `m` below it. */
function make(more: Partial<ChildrenParts> = {}, last: ReadonlyMap<string, Term> = new Map()) {
  const tree = createSmallTree();
  const clock = createVirtualClock();
  const store = openMemoryStore();
  const sent: { readonly child: string; readonly frame: DownFrame }[] = [];
  const said: string[] = [];
  const names = new Map(["n", "m", "a", "b", "x"].map((name) => [idOf(name), name]));
  const transfers = createPendingTransfers({ store, facts: store.load().facts, log: quiet });
  tree.set("n", { "/parent": "root", "/assignment": assigned(1, "root") });
  tree.set("m", { "/parent": "a", "/assignment": assigned(1, "a") });
  const world = { knowsLeft: true, isDeaf: false };
  const { replica, nodes, changes, commits } = tree;
  const runBudget = createRunBudget({ clock, changes: tree.changes });
  const terms = createChildTerms({
    replica,
    budget: runBudget,
    store,
    terms: last,
    log: quiet,
    provenTerm: () => undefined,
    onClaim: () => {},
  });
  const owners = createOwners({
    ...{ nodes, changes, clock, facts: createFacts({ replica, nodes }) },
    claims: createClaims({ replica, store, facts: new Map(), log: quiet }),
    discovered: { parent: () => {} },
    term: { hasWritten: () => true },
    times: { short: 5_000, long: 35_000, join: 125_000 },
    takeOver: () => true,
    isDeaf: () => world.isDeaf,
    isBrokerDeaf: () => world.isDeaf,
  });
  changes.turn(owners.begin);
  const children = createChildren({
    ...{ run: "p", modules: [], agentModules: [], replica, nodes, changes, commits, transfers },
    ...{ terms, runBudget, sessions: new Map(), clock, random: () => 0.5, log: quiet },
    send: (child, frame) => void sent.push({ child: names.get(child) ?? child, frame }),
    onState(child, state, sameRun, why) {
      said.push(`${names.get(child)} ${state}${sameRun ? " the same" : ""}: ${why}`);
      owners.linked(child, state, { sameRun, assignment: terms.of(child).assignment, why });
    },
    onHeard: (child) => void said.push(`heard ${names.get(child)}`),
    onClaim(child, { number }) {
      said.push(`left ${names.get(child)} ${number}`);
      return world.knowsLeft;
    },
    onStray: owners.strayed,
    onGone: owners.left,
    onBorn: (child) => void said.push(`born ${names.get(child)}`),
    give: () => ({ given: { chain: [], run: "r", term: "t" } }),
    onModules: () => {},
    onRival: () => {},
    isDeaf: () => world.isDeaf,
    onUnknown: (child) => void said.push(`unknown ${names.get(child)}`),
    ...more,
  });
  listen(changes, ["PlaceAsked"], ({ node }) => void said.push(`ask ${names.get(node)}`));
  listen(changes, ["DepartureTold"], ({ id }) => void said.push(`gone ${names.get(id)}`));
  const birth = (child: string, fields: Partial<BirthFrame> = {}) =>
    children.receive(child, {
      ...{
        type: "birth",
        from: `run-${names.get(child)}`,
        term: ofRun(0),
        parent: "",
        received: 0,
        epoch: 0,
        parentTerm: ofRun(0),
      },
      ...{ digest: DIGEST, knownDigest: "" },
      ...fields,
    });
  const level = (child: string) => {
    birth(child);
    const from = `run-${names.get(child)}`;
    children.receive(child, { type: "data", from, to: "p", since: 0, upTo: 0, newest: 0, documents: [] });
    children.receive(child, { type: "ack", from, to: "p", received: tree.replica.index });
    sent.length = 0;
    said.length = 0;
  };
  const framesTo = <T extends DownFrame["type"]>(name: string, type: T) =>
    sent.flatMap(({ child, frame }) => child === name && frame.type === type ? [frame] : []) as Extract<
      DownFrame,
      { type: T }
    >[]; // as their types say
  return { ...tree, clock, store, owners, terms, sent, said, children, birth, level, framesTo, world, transfers };
}

/** The URLs that a child was sent, by node. */
function urlsIn(frames: readonly Extract<DownFrame, { type: "data" }>[]): string[] {
  return frames.flatMap(({ documents }) =>
    documents.flatMap(({ facets }) => [facets.cfg, facets.parent, facets.self].flatMap((all) => [...all?.keys() ?? []]))
  );
}

test("an agent is not told what its aggregator notes for itself", () => {
  const { discover, birth, framesTo } = make();
  discover("n", "parent", { "/engine/checkpoint": "x", "/physState": "POWER_ON" });
  birth(N);
  const urls = urlsIn(framesTo("n", "data"));
  assert.deepEqual([urls.includes("/engine/checkpoint"), urls.includes("/physState")], [false, true]);
});

test("a child goes on where an earlier run of this program had got to, if that had given it its last term", () => {
  const session: Session = { run: "run-n", term: makeTerm(1, 3), received: 40 };
  for (const [last, expected] of [[makeTerm(1, 3), 40], [makeTerm(1, 4), undefined]] as const) {
    const { children, birth, framesTo, said } = make({ sessions: new Map([[N, session]]) }, new Map([[N, last]]));
    assert.equal(children.session(N), undefined, "there is no link yet");
    children.callAll();
    assert.equal(children.session(N)?.received, expected);
    birth(N, { term: makeTerm(1, 3), parent: "before" });
    const how = expected === undefined
      ? "n joining: a new run of it was born"
      : "n joining the same: it was born again";
    assert.equal(said.at(-1), how);
    assert.equal(framesTo("n", "welcome")[0]?.received, expected ?? 0);
  }
});

test("all children are called, and nobody else", () => {
  const { children, sent } = make();
  children.callAll();
  assert.deepEqual(sent.map(({ child, frame }) => `${child} ${frame.type}`).sort(), [
    "a rebirth",
    "b rebirth",
    "n rebirth",
  ]);
});

test("the terms of births are on disk before they are used, and are those that are told", () => {
  const { birth, store, framesTo, terms, said } = make();
  birth(N);
  assert.deepEqual(store.load().terms.get(N), makeTerm(1, 1));
  assert.deepEqual([framesTo("n", "welcome")[0]?.term, terms.of(N)], [makeTerm(1, 1), makeTerm(1, 1)]);
  assert.deepEqual(said, ["heard n", "born n", "n joining: a new run of it was born"]);
});

test("a child that is the same run as before is said to be that", () => {
  const { birth, level, said, children } = make();
  level(N);
  children.life(N, { type: "dead", from: "run-n", why: "stopped" });
  birth(N, { term: makeTerm(1, 1), parent: "q", from: "other" });
  assert.deepEqual(said.filter((what) => what.startsWith("n ")), [
    "n down: its agent stopped",
    "n joining the same: a new run of it was born",
  ]);
});

test("one birth that can't be taken in does not keep others out", () => {
  const { birth, framesTo, children } = make({
    onBorn(child) {
      if (child === N) throw new Error("A bug");
    },
  });
  birth(N);
  birth(A);
  assert.deepEqual([framesTo("n", "welcome").length, framesTo("a", "welcome").length], [0, 1]);
  assert.equal(children.counts.births, 0);
});

test("of more births at once than are taken in some wait, are not called meanwhile, and are written together", async () => {
  const { clock, children, set, birth, sent, store } = make();
  for (let node = 0; node < 700; node++) set(`w${node}`, { "/parent": "root" });
  children.callAll();
  sent.length = 0;
  for (let node = 0; node < 700; node++) birth(idOf(`w${node}`), { from: `w${node}` });
  assert.equal(children.counts.births, 692, "a few have a turn each");
  let commits = 0;
  const { commit } = store;
  store.commit = (batch) => {
    commits++;
    commit(batch);
  };
  await clock.advance(1_600);
  assert.equal(children.counts.births, 0);
  assert.ok(commits > 0 && commits <= 65, `${commits} writes for 692 births`);
  assert.deepEqual(sent.filter(({ child, frame }) => frame.type === "rebirth" && !["n", "a", "b"].includes(child)), []);
});

test("a child that waits for its turn and is removed has none", async () => {
  const { clock, children, set, birth, framesTo } = make();
  for (let node = 0; node < 100; node++) set(`w${node}`, { "/parent": "root" });
  for (let node = 0; node < 100; node++) birth(idOf(`w${node}`), { from: `w${node}` });
  const { births } = children.counts;
  birth(N);
  assert.equal(children.counts.births, births + 1);
  set("n", { "/parent": "b" });
  assert.equal(children.counts.births, births);
  await clock.advance(1_000);
  assert.equal(framesTo("n", "welcome").length, 0);
});

test("what a child has just brought is not sent back to it", async () => {
  const { level, children, framesTo, clock } = make();
  level(N);
  const self = new Map([["/load", { value: 1, version: at(1, 1, 1) }]]);
  const documents = [{ id: N, facets: { self } }];
  const { waiting } = clock;
  children.receive(N, { type: "data", from: "run-n", to: "p", since: 0, upTo: 1, newest: 1, documents });
  assert.equal(clock.waiting, waiting, "nothing is even looked at");
  await clock.advance(1_000);
  assert.equal(framesTo("n", "data").length, 0);
});

test("what is left over of an earlier run is sent to the child that has to take it over", async () => {
  const { level, children, framesTo, clock } = make();
  level(N);
  const self = new Map([["/old", { value: 1, version: at(1, 1, 0) }]]);
  const documents = [{ id: N, facets: { self } }];
  children.receive(N, { type: "data", from: "run-n", to: "p", since: 0, upTo: 1, newest: 1, documents });
  await clock.advance(1_000);
  assert.deepEqual(urlsIn(framesTo("n", "data")), ["/old"]);
});

test("a term that was prepared for one birth is not used for the next", () => {
  const { birth, framesTo } = make();
  birth(N);
  birth(N, { from: "second" });
  birth(N, { from: "third" });
  assert.deepEqual(framesTo("n", "welcome").map(({ term }) => term), [1, 2, 3].map((run) => makeTerm(1, run)));
});

test("a child that is born again without a break gets no new term, and nothing is written", () => {
  const { birth, framesTo, store, level } = make();
  level(N);
  let commits = 0;
  const { commit } = store;
  store.commit = (batch) => {
    commits++;
    commit(batch);
  };
  birth(N, { term: makeTerm(1, 1), parent: "p" });
  assert.deepEqual([framesTo("n", "welcome").map(({ term }) => term), commits], [[makeTerm(1, 1)], 0]);
});

test("what a child declares is told, and known of the next one that declares the same", () => {
  const modules = [declareModule({ name: "m", about: "Nothing", extensions: [], discovers: [], mutations: {} })];
  const told: string[] = [];
  const { birth, framesTo } = make({
    onModules: (child, { length }) => told.push(`${child === N ? "n" : "a"} ${length}`),
  });
  birth(N, { digest: digestOf(modules) });
  assert.deepEqual([framesTo("n", "declare").length, told], [1, []]);
  birth(N, { digest: digestOf(modules), modules });
  birth(A, { digest: digestOf(modules) });
  assert.deepEqual([framesTo("a", "declare").length, told], [0, ["n 1", "a 1"]]);
});

test("of many children that bring the same new declarations one is asked, and all are taken in with its answer", async () => {
  const modules = [declareModule({ name: "m", about: "Nothing", extensions: [], discovers: [], mutations: {} })];
  const { birth, clock, framesTo, children, terms } = make();
  for (const child of [N, A]) birth(child, { digest: digestOf(modules) });
  assert.deepEqual([framesTo("n", "declare").length, framesTo("a", "declare").length], [1, 0]);
  assert.deepEqual([children.counts.births, terms.of(A)], [2, makeTerm(0, 0)], "those that wait get no term yet");
  birth(N, { digest: digestOf(modules), modules });
  await clock.advance(25);
  assert.deepEqual([framesTo("n", "welcome").length, framesTo("a", "welcome").length, children.counts.births], [
    1,
    1,
    0,
  ]);
});

test("a child whose machine was powered off while its birth waits for declarations is not taken in by that", async () => {
  const modules = [declareModule({ name: "m", about: "Nothing", extensions: [], discovers: [], mutations: {} })];
  const { birth, clock, changes, framesTo, children } = make();
  for (const child of [A, N]) birth(child, { digest: digestOf(modules) });
  changes.turn(() => changes.post({ kind: "LinkCut", child: N }));
  birth(A, { digest: digestOf(modules), modules });
  await clock.advance(1_000);
  assert.deepEqual([framesTo("n", "welcome").length, children.counts.births], [0, 0]);
});

test("what an aggregator brings of its nodes is not sent back to it, but for what a writer of before left", async () => {
  const { level, children, framesTo, clock, replica } = make();
  level(A);
  const bring = async (url: string, term: Term, since: number) => {
    const documents = [{ id: M, facets: { parent: new Map([[url, { value: 1, version: { ...term, rev: 1 } }]]) } }];
    const { waiting } = clock;
    children.receive(A, { type: "data", from: "run-a", to: "p", since, upTo: since + 1, newest: since + 1, documents });
    const looks = clock.waiting - waiting;
    await clock.advance(1_000);
    return looks;
  };
  assert.deepEqual(await bring("/new", makeTerm(1, 1), 0), 0, "nothing is even looked at");
  assert.equal(framesTo("a", "data").length, 0);
  await bring("/old", makeTerm(0, 1), 1);
  assert.deepEqual(urlsIn(framesTo("a", "data")), ["/old"]);
  replica.write(A, "parent", new Map([["/link", "UP"]]), makeTerm(1, 1)); // this aggregator's own word of its child
  children.receive(A, { type: "ack", from: "run-a", to: "p", received: replica.index - 1 });
  await clock.advance(1_000);
  assert.deepEqual(urlsIn(framesTo("a", "data")), ["/old", "/link"]);
});

test("changes of cfg go to the child through which a node is reached", async () => {
  const { level, set, framesTo, clock, sent } = make();
  level(A);
  level(N);
  set("m", { "/x": 1 });
  await clock.advance(25);
  assert.deepEqual([urlsIn(framesTo("a", "data")), urlsIn(framesTo("n", "data"))], [["/x"], []]);
  assert.deepEqual(sent.map(({ frame }) => frame.type), ["data"], "nothing is asked for");
});

test("changes go to another aggregator within 20 ms, as people wait for them, and to an agent within 100 ms", async () => {
  for (const [child, name, wait] of [[A, "a", 20], [N, "n", 100]] as const) {
    const { level, set, framesTo, clock } = make();
    level(child);
    set(name, { "/x": 1 });
    await clock.advance(wait - 1);
    assert.deepEqual(urlsIn(framesTo(name, "data")), []);
    await clock.advance(1);
    assert.deepEqual(urlsIn(framesTo(name, "data")), ["/x"]);
  }
});

test("what this aggregator says of a child while it takes in what that one says is sent to it", async () => {
  const { level, framesTo, clock, replica } = make({
    onState: (child, state) => void replica.write(child, "parent", new Map([["/link", state]]), makeTerm(1, 1)),
  });
  level(N);
  await clock.advance(1_000);
  assert.deepEqual(urlsIn(framesTo("n", "data")), ["/link"]);
});

test("an agent that begins anew is not sent what it wrote itself, and is sent what its run before wrote", async () => {
  const { level, birth, children, framesTo, clock } = make();
  const bring = (from: string, values: Record<string, number>, since: number) => {
    const self = new Map(
      Object.entries(values).map(([url, run]) => [url, { value: 1, version: at(run, 1, 1) }]),
    );
    const indexes = { since, upTo: since + 1, newest: since + 1 };
    children.receive(N, { type: "data", from, to: "p", ...indexes, documents: [{ id: N, facets: { self } }] });
  };
  level(N);
  bring("run-n", { "/load": 1 }, 0);
  birth(N, { term: makeTerm(1, 1), parent: "q" });
  assert.ok(!urlsIn(framesTo("n", "data")).includes("/load"));
  birth(N, { from: "second" });
  bring("second", { "/new": 2, "/late": 1 }, 0);
  children.receive(N, { type: "ack", from: "second", to: "p", received: framesTo("n", "data").at(-1)?.upTo ?? 0 });
  await clock.advance(1_000);
  assert.ok(urlsIn(framesTo("n", "data")).includes("/late"), "it has to take that over");
  assert.ok(!urlsIn(framesTo("n", "data")).includes("/new"));
});

test("an aggregator that sent values of a later assignment is asked for them again when its cfg has come", async () => {
  const { level, set, children, framesTo } = make();
  level(A);
  const parent = new Map([["/physState", { value: "POWER_ON", version: at(1, 1, 2) }]]);
  children.receive(A, {
    ...{ type: "data", from: "run-a", to: "p", since: 0, upTo: 1, newest: 1 },
    documents: [{ id: M, facets: { parent } }],
  });
  assert.equal(children.counts.droppedValues, 1);
  set("m", { "/assignment": assigned(2, "a") });
  assert.deepEqual(framesTo("a", "resync").map(({ received }) => received), [0]);
});

test("signs of life are asked for every 10 s, and more seldom of more than a thousand children", () => {
  const { set, birth, framesTo, children } = make();
  birth(N);
  assert.equal(framesTo("n", "welcome")[0]?.keepalive, 10);
  for (let node = 0; node < 2_000; node++) set(`w${node}`, { "/parent": "root" });
  children.callAll();
  birth(N, { from: "second" });
  assert.equal(framesTo("n", "welcome")[1]?.keepalive, 21);
  for (let node = 2_000; node < 7_000; node++) set(`w${node}`, { "/parent": "root" });
  children.callAll();
  birth(N, { from: "third" });
  assert.equal(framesTo("n", "welcome")[2]?.keepalive, 60);
});

test("a child that has gone silent is found within ten seconds", async () => {
  const { level, clock, said } = make();
  level(N);
  await clock.advance(89_900);
  assert.deepEqual(said, []);
  await clock.advance(10_200);
  assert.deepEqual(said, ["n down: nothing was heard of it"]);
});

test("while the broker is lost, silence says nothing of a child", async () => {
  const { level, clock, said, world } = make();
  level(N);
  world.isDeaf = true;
  await clock.advance(600_000);
  assert.deepEqual(said, []);
  world.isDeaf = false;
  await clock.advance(10_000);
  assert.deepEqual(said, ["n down: nothing was heard of it"]);
});

test("a node that was welcomed here before, and is not known at all, is told of", () => {
  const { birth, said } = make();
  birth(idOf("x"), { term: ofRun(1) });
  birth(M, { term: ofRun(1) }); // known, below another one
  birth(idOf("x"), { term: ofRun(0) }); // new
  assert.deepEqual(said.filter((what) => what.startsWith("unknown")), ["unknown x"]);
});

test("a node that is no child is told where it joins, and its frames are dropped", async () => {
  const { set, birth, framesTo, said, children, clock } = make();
  set("m", { "/parent": "a", "/assignment": assigned(3, "a") });
  birth(M);
  assert.deepEqual(framesTo("m", "moved").map(({ number, parent }) => [number, parent]), [[3, A]]);
  children.life(M, { type: "alive", from: "x" });
  assert.equal(framesTo("m", "moved").length, 1, "at most once a second");
  birth(idOf("x"));
  assert.deepEqual([said, framesTo("x", "moved")], [["ask x"], []]);
  children.told(idOf("x"), { number: 2, parent: M });
  await clock.advance(1_000);
  children.life(idOf("x"), { type: "alive", from: "x" });
  assert.deepEqual(framesTo("x", "moved").map(({ number }) => number), [2]);
});

test("a node that says that it has left is answered once that is known", () => {
  const { children, framesTo, said, world } = make();
  children.receive(N, { type: "left", from: "x", number: 4 });
  assert.deepEqual(said, ["left n 4"]);
  world.knowsLeft = false;
  children.receive(N, { type: "left", from: "x", number: 5 });
  children.receive(M, { type: "left", from: "x", number: 6 });
  assert.deepEqual(framesTo("n", "noted").map(({ number }) => number), [4]);
  assert.deepEqual(framesTo("m", "noted").map(({ number }) => number), [6], "it is no child: that is known");
});

test("a child whose term is of a later assignment has been elsewhere", () => {
  const { birth, said } = make();
  birth(N, { term: makeTerm(1, 1) });
  assert.equal(said[0], "heard n");
  birth(N, { term: makeTerm(2, 1) });
  assert.ok(said.includes("left n 2"));
});

test("a child that is removed is told where to go, once what runs now is over", async () => {
  const { level, set, children, framesTo, clock, nodes, changes } = make();
  level(N);
  changes.turn(() => {
    set("n", { "/parent": "b", "/assignment": assigned(2, "b") });
    assert.equal(framesTo("n", "moved").length, 0);
  });
  assert.deepEqual(framesTo("n", "moved").map(({ number, parent }) => [number, parent]), [[2, idOf("b")]]);
  assert.equal(children.counts.links.level, 0);
  assert.equal(nodes.placement.via(N), idOf("b"));
  children.life(N, { type: "dead", from: "run-n", why: "stopped" });
  await clock.advance(60_000);
  assert.equal(framesTo("n", "moved").length, 1, "it has gone");
});

test("a child that is back before it was told is told nothing", () => {
  const { level, set, changes, framesTo } = make();
  level(N);
  changes.turn(() => {
    set("n", { "/parent": "b", "/assignment": assigned(2, "b") });
    set("n", { "/parent": "root", "/assignment": assigned(3, "root") });
  });
  assert.equal(framesTo("n", "moved").length, 0);
});

test("a child that is removed without a word of where to go is called, so that it asks", async () => {
  const { level, set, framesTo, clock } = make();
  level(N);
  set("n", { "/parent": "b", "/assignment": null });
  await clock.advance(0);
  assert.deepEqual([framesTo("n", "rebirth").length, framesTo("n", "moved").length], [1, 0]);
});

test("a child that is removed was heard until then", async () => {
  const { level, set, owners, clock } = make();
  level(N);
  await clock.advance(5_000);
  set("n", { "/parent": "b", "/assignment": assigned(2, "b") });
  await clock.advance(59_999);
  assert.equal(owners.hasReleased(N), false);
  await clock.advance(1);
  assert.equal(owners.hasReleased(N), true);
});

test("what was to be found out of a child is no matter once it is removed", async () => {
  const { level, set, children, said, clock } = make();
  level(N);
  children.ping(N, () => said.push("alive"));
  set("n", { "/parent": "b", "/assignment": assigned(2, "b") });
  set("n", { "/parent": "root", "/assignment": assigned(3, "root") });
  level(N);
  await clock.advance(10_000);
  assert.deepEqual(said, []);
});

test("runs of a child are forgotten with it", () => {
  const rivals: string[] = [];
  const { birth, set } = make({ onRival: (_child, old, newest) => rivals.push(`${old} ${newest}`) });
  for (const from of ["one", "two", "one"]) birth(N, { from });
  set("n", { "/parent": "b" });
  set("n", { "/parent": "root" });
  for (const from of ["two", "one", "two"]) birth(N, { from });
  assert.deepEqual(rivals, []);
  birth(N, { from: "two" });
  assert.deepEqual(rivals, ["two one"]);
});

test("a child that was down when it was removed is called, so that it asks", () => {
  const { birth, set, children, framesTo, sent } = make();
  birth(N);
  children.life(N, { type: "dead", from: "run-n", why: "stopped" });
  sent.length = 0;
  set("n", { "/parent": "b", "/assignment": assigned(2, "b") });
  assert.deepEqual([framesTo("n", "rebirth").length, framesTo("n", "moved").length], [1, 0]);
});

test("what the links that are gone have counted stays counted", async () => {
  const { level, children, set, clock, changes } = make();
  level(N);
  children.receive(N, { type: "ack", from: "stranger", to: "p", received: 0 });
  const self = new Map([["/a", { value: 1, version: at(1, 1, 9) }]]);
  const documents = [{ id: N, facets: { self } }];
  children.receive(N, { type: "data", from: "run-n", to: "p", since: 0, upTo: 1, newest: 1, documents });
  set("n", { "/x": 1 });
  await clock.advance(2_000);
  const counted = () => {
    const { droppedFrames, droppedValues, retransmits, links } = children.counts;
    return [droppedFrames, droppedValues, retransmits, links.level];
  };
  assert.deepEqual(counted(), [1, 1, 1, 1]);
  set("n", { "/parent": "b", "/assignment": null });
  changes.post({ kind: "NodeRemoved", id: N, via: N });
  assert.deepEqual(counted(), [1, 1, 1, 0]);
  assert.equal(clock.waiting, 2, "two looks: of the link that is gone nothing is sent again");
});

test("counts are of all links", async () => {
  const { level, birth, set, children, clock } = make();
  level(N);
  birth(A);
  children.callAll();
  assert.deepEqual(children.counts.links, { down: 1, joining: 1, level: 1 });
  assert.equal(children.counts.windows, 1, "the first window of a");
  set("n", { "/x": 1 });
  await clock.advance(2_000);
  assert.deepEqual([children.counts.windows, children.counts.retransmits], [2, 1]); // no round trip of a is known
});

test("a machine that was powered off has no agent any more, and its late frames are of no run of now", () => {
  const { level, children, said, birth, clock, terms, discover, changes } = make();
  discover("n", "parent", { "/physState": "POWER_ON" });
  level(N);
  children.ping(N, () => said.push("alive"));
  discover("n", "parent", { "/physState": "POWER_OFF" });
  changes.post({ kind: "PowerChanged", id: N });
  assert.deepEqual(said, ["n down: its machine was powered off"]);
  children.receive(N, { type: "ack", from: "run-n", to: "p", received: 0 });
  assert.equal(children.counts.links.level, 0);
  assert.equal(clock.waiting, 3, "two looks, and a call");
  birth(N, { from: "next" });
  assert.deepEqual(terms.of(N), makeTerm(1, 2));
});

test("a machine that was powered off has no link of which something is sent again", async () => {
  const { level, set, clock, sent, discover } = make();
  level(N);
  set("n", { "/x": 1 });
  await clock.advance(100);
  sent.length = 0;
  discover("n", "parent", { "/physState": "POWER_OFF" });
  assert.equal(clock.waiting, 2, "two looks");
  await clock.advance(60_000);
  assert.deepEqual(sent, []);
});

test("that a machine is off is no news of a child that is down", () => {
  const { level, children, said, discover, changes } = make();
  level(N);
  children.life(N, { type: "dead", from: "run-n", why: "stopped" });
  said.length = 0;
  for (const id of [N, M]) {
    discover(id === N ? "n" : "m", "parent", { "/physState": "POWER_OFF" });
    changes.post({ kind: "PowerChanged", id });
  }
  assert.deepEqual(said, []);
});

test("a child that is down, and one that is none, are not pinged", async () => {
  const { level, children, sent, said, clock } = make();
  level(N);
  children.life(N, { type: "dead", from: "run-n", why: "stopped" });
  said.length = 0;
  const { waiting } = clock;
  for (const child of [N, M]) children.ping(child, () => said.push("alive"));
  assert.equal(clock.waiting, waiting);
  await clock.advance(60_000);
  assert.deepEqual([sent, said], [[], []]);
});

test("a child that is pinged and answers is left alone, and one that does not is lost", async () => {
  const { level, children, said, clock } = make();
  level(N);
  level(A);
  for (const child of [N, A, M]) children.ping(child, () => said.push("alive"));
  await clock.advance(600);
  children.receive(N, { type: "ack", from: "an earlier run", to: "p", received: 0 });
  assert.deepEqual(said, []);
  children.receive(N, { type: "ack", from: "run-n", to: "p", received: 0 });
  assert.deepEqual(said, ["alive"]);
  await clock.advance(3_100);
  assert.deepEqual(said.slice(1), [
    "a down: it gave no sign of life when its machine asked for an address to boot with",
  ]);
});

test("a node that leaves a child aggregator is left once that was told", async () => {
  const { level, children, set, said, clock, replica, framesTo, changes } = make();
  level(A);
  set("m", { "/parent": "b", "/assignment": assigned(2, "b") });
  assert.equal(children.isDeparting(M), true);
  await clock.advance(100);
  assert.ok(urlsIn(framesTo("a", "data")).includes("/parent"));
  children.receive(A, { type: "ack", from: "run-a", to: "p", received: replica.index });
  assert.deepEqual([children.isDeparting(M), said], [false, ["gone m"]]);
  changes.post({ kind: "Moved", id: M, before: N, after: undefined }); // an agent has nothing below it
  assert.equal(children.isDeparting(M), false);
});

test("a node that leaves a child aggregator which is removed itself is left at once", () => {
  const { level, children, set, said, store, changes } = make();
  const isPending = () => createPendingTransfers({ store, facts: store.load().facts, log: quiet }).fromBefore(A);
  level(A);
  changes.post({ kind: "Moved", id: M, before: A, after: undefined });
  children.arrived(A, M);
  assert.equal(isPending(), true);
  set("a", { "/parent": "b" });
  assert.deepEqual([children.isDeparting(M), said], [false, ["gone m"]]);
  assert.equal(isPending(), false);
});

test("a pending transfer to a child aggregator is on disk until it has all", async () => {
  const { level, children, store, clock, replica, discover } = make();
  const isPending = () => createPendingTransfers({ store, facts: store.load().facts, log: quiet }).fromBefore(A);
  level(A);
  children.arrived(N, M); // an agent gets no transfer
  assert.equal(isPending(), false);
  children.arrived(A, M);
  assert.equal(isPending(), true);
  discover("m", "parent", { "/physState": "POWER_ON" });
  await clock.advance(100);
  children.receive(A, { type: "ack", from: "run-a", to: "p", received: replica.index });
  assert.equal(isPending(), false);
});

test("an aggregator that may have been replaced sends every child that has a standby there", () => {
  const { set, changes, sent, replica } = make();
  set("n", { "/assignment": assigned(2, "root", { standby: "b" }) });
  changes.post({ kind: "HandOverDue" });
  assert.deepEqual(sent.map(({ child }) => child), ["n"]);
  const standby = assignmentIn(replica.get(N)?.facets.cfg)?.standby;
  assert.deepEqual(sent[0]?.frame, { type: "moved", from: "p", number: 2, ...standby });
});

test("a child that has to forget what was below it begins from nothing", () => {
  const { level, children, framesTo, changes } = make();
  level(A);
  for (const via of [A, M]) changes.post({ kind: "NodeRemoved", id: idOf("x"), via });
  assert.equal(framesTo("a", "rebirth").length, 1);
  assert.equal(children.counts.links.joining, 1);
});

test("a link that is made anew goes on above the epochs of the one before", () => {
  const { birth, set, framesTo } = make();
  birth(N);
  const before = framesTo("n", "welcome")[0]?.epoch ?? 0;
  set("n", { "/parent": "b" });
  set("n", { "/parent": "root" });
  birth(N, { from: "second" });
  assert.ok((framesTo("n", "welcome")[1]?.epoch ?? 0) > before);
});

test("nothing is sent after a stop, and no timer is left", async () => {
  const { birth, level, children, owners, sent, clock, set } = make();
  level(N);
  birth(A);
  children.ping(N, () => {});
  children.callAll();
  for (let births = 0; births < 200; births++) birth(N, { from: `r${births}` });
  set("b", { "/parent": "a", "/assignment": assigned(2, "a") });
  birth(idOf("b")); // which is told where to go
  set("w", { "/parent": "root", "/assignment": assigned(1, "root") });
  level(idOf("w"));
  set("w", { "/parent": "a", "/assignment": assigned(2, "a") }); // and this one again and again
  children.stop();
  owners.stop();
  assert.deepEqual([clock.waiting, children.counts.links], [0, { down: 0, joining: 0, level: 0 }]);
  sent.length = 0;
  set("n", { "/x": 1 });
  await clock.advance(600_000);
  assert.deepEqual([sent, clock.waiting], [[], 0]);
});

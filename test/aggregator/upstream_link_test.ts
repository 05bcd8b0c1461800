import assert from "node:assert/strict";
import { test } from "node:test";
import { createUpstreamLink, type UpstreamLinkParts } from "../../aggregator/links/upstream_link.ts";
import { createStanding } from "../../aggregator/ownership/standing.ts";
import { createOwnTerm } from "../../aggregator/links/own_term.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { takeWriterTerm } from "../../aggregator/store/writer_term.ts";
import { type Assignment, type Entry, type Facet } from "../../src/state/mod.ts";
import { type DataFrame, digestOf, type UpFrame, type WelcomeFrame } from "../../src/sync/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { assigned, createSmallTree, idOf, listen, quiet } from "./small_tree.ts";
import { makeTerm, ofRun } from "../support/versions.ts";

const [OWN, N, A] = [idOf("root"), idOf("n"), idOf("a")];

function entries(values: { readonly [url: string]: Entry["value"] }, term = ofRun(1)): Facet {
  return new Map(Object.entries(values).map(([url, value]) => [url, { value, version: { ...term, rev: 9 } }]));
}

/** The link to the parent of `root`, in its first run, to which a test speaks as its parent `p`. */
function make(
  { complete = false, before }: {
    readonly complete?: boolean;
    readonly before?: (tree: ReturnType<typeof createSmallTree>) => void;
  } = {},
) {
  const tree = createSmallTree();
  const clock = createVirtualClock();
  const store = openMemoryStore();
  const sent: UpFrame[] = [];
  const said: string[] = [];
  const names = new Map(["root", "n", "m", "a", "b"].map((name) => [idOf(name), name]));
  const say = (what: string) => (id: string) => void said.push(`${what} ${names.get(id) ?? id}`);
  before?.(tree);
  const assignments: Assignment[] = [];
  const { changes } = tree;
  const term = takeWriterTerm(store, store.load(), () => tree.replica);
  const ownTerm = createOwnTerm(() => term.run);
  const standing = createStanding({
    ...{ ownId: OWN, isRoot: false, wasComplete: complete, replica: tree.replica, changes },
    fence: { standing: { kind: "acting" } },
  });
  const parts: UpstreamLinkParts = {
    ...{ ownId: OWN, run: "r", replica: tree.replica, placement: tree.nodes.placement, standing },
    given: undefined,
    own: () => ({ key: "k", chain: ["c"], run: "signed" }),
    onGiven: (_given, certified) => void said.push(certified === undefined ? "given" : "certified"),
    ...{ clock, random: () => 0.5, log: quiet, modules: () => [] },
    ...{ term, ownTerm, changes },
    upstream: {
      send: (frame) => void sent.push(frame),
      onAssignment: (assignment) => void assignments.push(assignment),
      onLink: (state) => void said.push(`link ${state}`),
      onKeepalive: (seconds) => void said.push(`keep alive ${seconds}`),
      onDeposed: () => void said.push("deposed"),
    },
    advanceTo: (run) => void said.push(`advance to ${run}`),
    ...{ onLeft: say("left"), onPassing: say("passing") },
    onThere: (node, assignment) => void said.push(`there ${node} ${Object.keys(assignment).sort()}`),
  };
  const link = createUpstreamLink(parts);
  listen(changes, ["UplinkChanged"], ({ state }) => void said.push(`state ${state}`));
  listen(changes, ["StrayHeard"], ({ id }) => say("stray")(id));
  listen(changes, ["CaughtUp"], () => void said.push("caught up"));
  listen(changes, ["ParentSilentOn"], ({ ids }) => {
    said.push(`forgotten ${ids.map((id) => names.get(id)).sort()}`);
  });
  listen(changes, ["BecameComplete"], () => void said.push("complete"));
  const welcome = (fields: Partial<WelcomeFrame> = {}) =>
    link.receive({
      ...{ type: "welcome", from: "p", to: "r", term: makeTerm(1, 4), received: 0, newest: 2, epoch: 1 },
      ...{ keepalive: 10, digest: digestOf([]), modules: [] },
      ...fields,
    });
  const data = (documents: DataFrame["documents"], since = 0, upTo = 2) =>
    link.receive({ type: "data", from: "p", to: "r", since, upTo, newest: upTo, epoch: 1, documents });
  const births = () => sent.flatMap((frame) => frame.type === "birth" ? [frame] : []);
  return { ...tree, clock, ownTerm, sent, said, assignments, link, standing, welcome, data, births };
}

test("one that was never welcomed remembers nothing, and says so", () => {
  const { link, standing, births } = make({ complete: true });
  link.connected();
  assert.deepEqual([standing.isComplete, births()[0]?.term.run, births()[0]?.blank], [false, 0, true]);
});

test("one that was told everything before, and has it on its disk, goes on with that", () => {
  const before = ({ discover }: ReturnType<typeof createSmallTree>) => discover("root", "self", { "/api": "x" });
  const { link, standing, births } = make({ complete: true, before });
  link.connected();
  assert.deepEqual([standing.isComplete, births()[0]?.term, births()[0]?.blank], [true, makeTerm(1, 1), undefined]);
  const partly = make({ complete: false, before });
  partly.link.connected();
  assert.deepEqual([partly.standing.isComplete, partly.births()[0]?.blank], [false, true], "a term alone says little");
});

test("its term is above what its last run wrote", () => {
  const { link, births } = make({
    before: ({ replica }) => void replica.write(OWN, "self", new Map([["/api", "x"]]), makeTerm(1, 7)),
  });
  link.connected();
  assert.deepEqual(births()[0]?.term, makeTerm(1, 7));
});

test("it is complete once everything has arrived that its parent had, and forgets what was not mentioned", () => {
  const { link, standing, welcome, data, said, replica, ownTerm } = make({
    before: ({ set }) => void set("n", { "/parent": "a" }),
  });
  link.connected();
  welcome();
  assert.deepEqual([ownTerm.value, standing.isComplete], [makeTerm(1, 4), false]);
  data([{ id: N, facets: { cfg: entries({ "/x": 1 }) } }, { id: OWN, facets: { cfg: entries({ "/x": 1 }) } }]);
  assert.equal(standing.isComplete, true);
  assert.deepEqual(said.filter((what) => !/^(link|state)/.test(what)), [
    ...["advance to 4", "keep alive 10", "caught up", "forgotten a,b", "complete"],
  ]);
  assert.equal(replica.get(N)?.facets.cfg.get("/x")?.value, 1);
});

test("it is told of its completeness once, and of what its parent forgot each time it begins from nothing", () => {
  const { link, welcome, data, said } = make();
  link.connected();
  welcome();
  data([{ id: A, facets: { cfg: entries({ "/x": 1 }) } }]);
  welcome({ epoch: 2 });
  link.receive({ type: "data", from: "p", to: "r", since: 0, upTo: 2, newest: 2, epoch: 2, documents: [] });
  assert.deepEqual(said.filter((what) => /complete|forgotten/.test(what)), [
    ...["forgotten b", "complete", "forgotten a,b"],
  ]);
});

test("the state of the link goes to the transport and to subscribers", () => {
  const { link, welcome, data, said, sent, replica } = make();
  link.connected();
  welcome();
  data([]);
  link.receive({ type: "ack", from: "p", to: "r", received: replica.index });
  assert.equal(link.state, "level");
  link.parentLife({ type: "dead", from: "p", why: "lost" });
  link.disconnected();
  assert.deepEqual(said.filter((what) => /^(link|state)/.test(what)), [
    ...["joining", "level", "joining", "down"].flatMap((state) => [`link ${state}`, `state ${state}`]),
  ]);
  link.stop();
  sent.length = 0;
  link.connected();
  assert.deepEqual(sent, []);
});

test("the root's last word of where to join holds from the start, and a later one as soon as it comes", () => {
  const { assignments, set, changes } = make({
    before: ({ set }) => void set("root", { "/assignment": assigned(2, "a") }),
  });
  assert.deepEqual(assignments.map(({ number }) => number), [2]);
  set("n", { "/assignment": assigned(7, "a") });
  set("root", { "/x": 1 });
  assert.equal(assignments.length, 1, "nothing was said of it");
  changes.turn(() => {
    set("root", { "/assignment": assigned(3, "b") });
    assert.equal(assignments.length, 1, "once what runs now is over");
  });
  assert.deepEqual(assignments.map(({ number, parent }) => [number, parent]), [[2, A], [3, idOf("b")]]);
  set("root", { "/assignment": null });
  assert.equal(assignments.length, 2, "that it is taken back says nothing of where to go");
});

test("a parent's word of where to join is handed on, and its answer where a node joins without the rest of the frame", () => {
  const { link, welcome, assignments, said } = make();
  link.connected();
  welcome();
  link.receive({ type: "moved", from: "p", number: 5, parent: A });
  link.receive({ type: "location", from: "p", to: "r", child: "x", number: 2, parent: A });
  assert.deepEqual(assignments.map(({ number }) => number), [5]);
  assert.ok(said.includes("there x number,parent"));
});

test("changes go up, those of many nodes in one frame", async () => {
  const { link, welcome, data, sent, discover, set, clock, replica } = make();
  set("n", { "/parent": "a" });
  link.connected();
  welcome();
  data([]);
  link.receive({ type: "ack", from: "p", to: "r", received: replica.index });
  sent.length = 0;
  discover("n", "parent", { "/physState": "POWER_ON" });
  await clock.advance(149);
  discover("a", "parent", { "/physState": "POWER_ON" });
  assert.equal(sent.length, 0);
  await clock.advance(1);
  const [frame] = sent;
  assert.deepEqual(frame?.type === "data" && frame.documents.map(({ id }) => id).sort(), [N, A].sort());
});

test("what comes of nodes that are not below, or that others serve, is told of", () => {
  const { link, welcome, data, said, set } = make();
  set("n", { "/parent": "root" });
  set("m", { "/parent": "a" });
  link.connected();
  welcome();
  const physState = { parent: entries({ "/physState": "POWER_ON" }, makeTerm(1, 9)) };
  data([{ id: N, facets: physState }, { id: idOf("m"), facets: physState }, { id: "x", facets: physState }]);
  assert.deepEqual(said.filter((what) => /left|stray|passing/.test(what)), ["left n", "passing m", "stray x"]);
});

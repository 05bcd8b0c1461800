import assert from "node:assert/strict";
import { test } from "node:test";
import { createEvidence } from "../../aggregator/evidence/evidence.ts";
import { openMemoryStore, SECRET } from "../../aggregator/store/mod.ts";
import { createSigner, readAssigned, readCertified, type Signer, signStatement } from "../../src/evidence/mod.ts";
import { createLog } from "../../src/log.ts";
import { NO_TERM } from "../../src/state/mod.ts";
import type { ModuleDeclaration } from "../../src/plan/mod.ts";
import type { BirthFrame } from "../../src/sync/mod.ts";
import { makeTerm } from "../support/versions.ts";
import { disagreements } from "./agreement.ts";
import { createTreeWorld, type TreeWorld } from "./tree_world.ts";

const MOST = 2 ** 32 - 1;

/** A root with a rack, and a node below each. @param others More nodes, by name, and the parent of each. */
async function makeWorld(others: { readonly [name: string]: string } = {}): Promise<TreeWorld> {
  const world = await createTreeWorld([
    { name: "root", isAggregator: true },
    { name: "a", parent: "root", isAggregator: true },
    { name: "n1", parent: "a" },
    { name: "n2", parent: "root" },
    ...Object.entries(others).map(([name, parent]) => ({ name, parent })),
  ], { seed: 1, brokersOutlive: false, calm: [] });
  await world.clock.advance(30_000);
  assert.deepEqual(disagreements(world), []);
  return world;
}

/** What was made up: whoever has a node's identity may say it. */
function birth(number: number, fields: Partial<BirthFrame> = {}): BirthFrame {
  return {
    ...{ type: "birth", from: `hostile-${number}`, term: NO_TERM, parent: "", received: 0, epoch: 0 },
    ...{ parentTerm: NO_TERM, digest: "0".repeat(32), knownDigest: "" },
    modules: [],
    ...fields,
  };
}

/** Says all of it to the parent of a node in its name, at a rate at which it is taken in. */
async function attack(world: TreeWorld, parent: string, node: string, births: readonly BirthFrame[]): Promise<void> {
  const { id } = world.member(node);
  for (const frame of births) {
    world.member(parent).process?.aggregator?.receive(id, frame);
    await world.clock.advance(5);
  }
}

/** The honest agent is served, at once or when it has started again; nothing is frozen; what is set gets there. */
async function goesOn(world: TreeWorld, node: string): Promise<void> {
  world.kill(node, 0);
  world.start(node);
  await world.clock.runUntil(() => disagreements(world).length === 0, 300_000);
  assert.deepEqual(disagreements(world), []);
  assert.notEqual(world.root.control.find(node)?.phase, "frozen");
  assert.equal(world.set([node], { "/trial/x/cfg": 7 }), true);
  await world.clock.runUntil(() => disagreements(world).length === 0, 300_000);
  assert.deepEqual(disagreements(world), []);
}

function restart(world: TreeWorld, name: string): void {
  world.kill(name, 0);
  world.start(name);
}

function told(world: TreeWorld, aggregator: string, node: string): number {
  const events = world.member(aggregator).process?.aggregator?.control.events(0, 1_000_000) ?? [];
  return events.filter((event) => event.kind === "evidence" && event.node === node).length;
}

function runOf(world: TreeWorld, name: string): number {
  return Number(world.store(name).load().facts.get("run"));
}

for (const [parent, node] of [["root", "n2"], ["a", "n1"]] as const) {
  test(`a thousand births that claim later runs of ${parent} use up none of them`, async () => {
    const world = await makeWorld();
    const before = runOf(world, parent);
    const claims = Array.from({ length: 1_000 }, (_, n) => Math.min(MOST, 2 ** Math.ceil(n / 30) + n));
    await attack(world, parent, node, claims.map((run, n) => birth(n, { parentTerm: makeTerm(1, run) })));
    assert.equal(runOf(world, parent), before);
    assert.equal(told(world, parent, node), 1, "an event names the child");
    restart(world, parent);
    await world.clock.advance(30_000);
    assert.ok(runOf(world, parent) < before + 10);
    await goesOn(world, node);
    await world.stop();
  });

  test(`births with growing terms of their own at ${parent} lock nobody out`, async () => {
    const world = await makeWorld();
    const claims = Array.from({ length: 300 }, (_, n) => Math.min(MOST, 90_000 * (n + 1)));
    await attack(world, parent, node, claims.map((run, n) => birth(n, { term: makeTerm(1, run) })));
    await attack(world, parent, node, [
      birth(300, { term: makeTerm(1, MOST) }),
      birth(301, { term: makeTerm(9, MOST) }),
    ]);
    const terms = world.store(parent).load().terms.get(world.member(node).id);
    assert.ok(terms !== undefined && terms.run < 1_000, `the parent counts: ${terms?.run}`);
    assert.equal(told(world, parent, node), 1);
    await goesOn(world, node);
    restart(world, parent);
    await goesOn(world, node);
    await world.stop();
  });
}

test("one birth that claims a later run right after a start freezes nothing, and is told of", async () => {
  const world = await makeWorld();
  for (const parentTerm of [makeTerm(1, MOST), makeTerm(1, 50), makeTerm(9, 1)]) {
    world.kill("n2", 0);
    restart(world, "root");
    await attack(world, "root", "n2", [birth(0, { parentTerm })]);
    assert.equal(world.root.control.find("n1")?.phase === "frozen", false);
    world.start("n2");
    await goesOn(world, "n2");
  }
  assert.ok(told(world, "root", "n2") >= 1);
  await world.stop();
});

test("a child that shows what it was given just now freezes nothing, and counts nothing on", async () => {
  const world = await makeWorld();
  const { id } = world.member("n2");
  let last: { from: string; shown: BirthFrame["shown"] } | undefined;
  world.network.onFrame = (from, to, frame) => {
    if (to !== id || from !== world.root.id) return;
    if (frame.type === "rebirth") last = { from: frame.from, shown: undefined };
    if (frame.type === "welcome") last = { from: frame.from, shown: frame.given };
  };
  world.kill("n2", 0);
  restart(world, "root");
  await world.clock.runUntil(() => last !== undefined, 10_000);
  const before = runOf(world, "root");
  // It knows the name of the run from a call, so that it seems to have been welcomed by it.
  await attack(world, "root", "n2", [birth(0, { parent: last?.from ?? "" })]);
  for (let n = 1; n < 20; n++) {
    const { shown } = last ?? {};
    assert.ok(shown !== undefined);
    await attack(world, "root", "n2", [birth(n, { parentTerm: makeTerm(1, MOST), shown })]);
    await attack(world, "root", "n2", [birth(n + 100, { parentTerm: makeTerm(1, before), shown })]);
  }
  assert.equal(runOf(world, "root"), before);
  world.start("n2");
  await goesOn(world, "n2");
  await world.stop();
});

/** Follows what a node is given with its welcomes. @returns The last. */
function followGiven(world: TreeWorld, node: string): () => BirthFrame["shown"] {
  let last: BirthFrame["shown"];
  world.network.onFrame = (_from, to, frame) => {
    if (to === world.member(node).id && frame.type === "welcome") last = frame.given;
  };
  return () => last;
}

for (const [parent, node, other] of [["root", "n2", "n3"], ["a", "n1", "n3"]] as const) {
  test(`what another child of ${parent} was given by its present process says nothing of an earlier one`, async () => {
    const world = await makeWorld({ [other]: parent });
    world.kill(node, 0);
    restart(world, parent);
    const given = followGiven(world, other);
    await world.clock.runUntil(() => given() !== undefined, 30_000);
    await world.clock.advance(10_000);
    const before = runOf(world, parent);
    const shown = given() ?? assert.fail("it was given nothing");
    await attack(
      world,
      parent,
      node,
      [before, before + 1, MOST].map((run, n) => birth(n, { parentTerm: makeTerm(1, run), shown })),
    );
    await world.clock.advance(1_000);
    assert.equal(runOf(world, parent), before);
    assert.equal(world.store(parent).load().facts.get("frozen"), undefined);
    assert.equal(told(world, parent, node), 1, "an event names the child");
    world.start(node);
    await goesOn(world, node);
    await world.stop();
  });
}

test("a rack that has lost its disk, and counts on from its earlier runs, believes none of them for that", async () => {
  const world = await makeWorld({ n3: "a" });
  for (let time = 0; time < 3; time++) {
    restart(world, "a");
    await world.clock.advance(30_000);
  }
  const past = runOf(world, "a");
  world.kill("n1", 0);
  world.kill("a", 0);
  world.wipe("a");
  world.start("a");
  const given = followGiven(world, "n3");
  await world.clock.runUntil(() => given() !== undefined, 60_000);
  const before = runOf(world, "a");
  assert.ok(before > past, "it has counted on");
  const shown = given() ?? assert.fail("it was given nothing");
  for (let run = 1; run <= before + 1; run++) {
    await attack(world, "a", "n1", [
      birth(2 * run, { parentTerm: makeTerm(1, run), shown }),
      birth(2 * run + 1, { parentTerm: makeTerm(1, run) }),
    ]);
  }
  assert.equal(runOf(world, "a"), before);
  assert.equal(told(world, "a", "n1"), 1);
  world.start("n1");
  await goesOn(world, "n1");
  await world.stop();
});

test("left with a number that nobody gave, and a birth that says so, stop no repair, at the root or at a rack", async () => {
  const world = await makeWorld();
  const sent: string[] = [];
  for (const [parent, node] of [["root", "n2"], ["a", "n1"]] as const) {
    const { id } = world.member(node);
    const aggregator = world.member(parent).process?.aggregator;
    for (const number of [2, 50, 100, 4_000, MOST]) {
      const assigned = { number, parent: world.member("a").id, proof: "A".repeat(86) };
      aggregator?.receive(id, { type: "left", from: `liar-${number}`, number });
      aggregator?.receive(id, { type: "left", from: `liar-${number}`, number, assigned });
      aggregator?.receive(id, birth(number, { term: makeTerm(number, 1), assigned }));
      await world.clock.advance(1_500);
    }
    assert.ok(told(world, parent, node) === 1, `${parent} names ${node}`);
    assert.equal(world.store(parent).load().facts.get("claimedElsewhere"), undefined);
    // Its agent ends: it is power-cycled as any other one that is lost.
    world.kill(node, 0);
    const before = world.orders.length;
    await world.clock.runUntil(() => world.orders.length > before, 600_000);
    sent.push(...world.orders.slice(before).map((order) => order.name));
    await world.clock.runUntil(() => disagreements(world).length === 0, 600_000);
    assert.deepEqual(disagreements(world), []);
  }
  assert.ok(sent.includes("n1") && sent.includes("n2"));
  await world.stop();
});

test("a true assignment of another node, and an old one of its own, say nothing of a node", async () => {
  const world = await makeWorld();
  assert.equal(world.set(["n1"], { "/parent": "root" }), true);
  await world.clock.advance(60_000);
  assert.equal(world.set(["n1"], { "/parent": "a" }), true);
  await world.clock.runUntil(() => disagreements(world).length === 0, 300_000);
  const ofN1 = readAssigned(
    world.store("root").load().documents.find(({ id }) => id === world.member("n1").id)
      ?.facets.cfg.get("/assignment")?.value,
  ) ?? assert.fail("it is not signed");
  assert.equal(ofN1.number, 3);
  const root = world.root;
  root.receive(world.member("n2").id, { type: "left", from: "liar", number: 3, assigned: ofN1 });
  assert.equal(told(world, "root", "n2"), 1);
  await goesOn(world, "n2");
  await world.stop();
});

test("true but old evidence, another child's, and that of another cluster prove no more than they say", async () => {
  const world = await makeWorld();
  const { id } = world.member("n2");
  const seen: BirthFrame["shown"][] = [];
  world.network.onFrame = (_from, to, frame) => {
    if (frame.type === "welcome" && (to === id || to === world.member("a").id)) seen.push(frame.given);
  };
  restart(world, "root");
  await world.clock.advance(30_000);
  assert.ok(seen.length >= 2);
  const other = createEvidence({
    ...{
      cluster: "tree",
      ownId: world.root.id,
      run: "other",
      isRoot: true,
      store: openMemoryStore(),
      facts: new Map(),
    },
    log: createLog(() => {}),
  });
  seen.push(other.give(id, makeTerm(1, 4_000), 4_000));
  restart(world, "root");
  await world.clock.advance(30_000);
  const before = runOf(world, "root");
  const births = seen.flatMap((shown, n) => [
    birth(n, { parentTerm: makeTerm(1, 900), term: makeTerm(1, 70_000), ...(shown !== undefined && { shown }) }),
  ]);
  await attack(world, "root", "n2", births);
  assert.equal(runOf(world, "root"), before);
  assert.ok((world.store("root").load().terms.get(id)?.run ?? 0) < 100);
  await goesOn(world, "n2");
  await world.stop();
});

/** What somebody who has a rack's key can show: signed with it, and with the certificates that the root gave it. */
function rackKey(world: TreeWorld, name: string): { chain: readonly string[]; signer: Signer; id: string } {
  const { facts } = world.store(name).load();
  const { chain } = readCertified(JSON.parse(String(facts.get("evidence/certified")))) ?? assert.fail("not certified");
  return { chain, signer: createSigner(String(facts.get(SECRET))), id: world.member(name).id };
}

test("a rack that signs a term of its own, or certifies a key as the root's, freezes nothing and counts nothing on", async () => {
  const world = await makeWorld();
  const { chain, signer, id } = rackKey(world, "a");
  const cluster = "tree";
  const root = world.root.id;
  const about = { cluster, aggregator: id };
  const run = signStatement({ kind: "run", ...about, process: "r", child: id, run: 1 }, signer);
  const term = signStatement({ kind: "term", ...about, child: id, assignment: 99, run: 1 }, signer);
  await attack(world, "root", "a", [birth(1, { term: makeTerm(99, 1), shown: { chain, run, term } })]);
  assert.notEqual(world.root.control.find("n2")?.phase, "frozen");

  world.kill("a", 0);
  restart(world, "root");
  const before = runOf(world, "root");
  const asRoot = { cluster, aggregator: root };
  const forged = {
    chain: [...chain, signStatement({ kind: "key", ...asRoot, key: signer.publicKey }, signer)],
    run: signStatement({ kind: "run", ...asRoot, process: "r", child: id, run: MOST }, signer),
    term: signStatement({ kind: "term", ...asRoot, child: id, assignment: 1, run: MOST - 1 }, signer),
  };
  await attack(world, "root", "a", [
    birth(2, { parentTerm: makeTerm(1, before + 900), term: makeTerm(1, MOST - 1), shown: forged }),
  ]);
  assert.equal(runOf(world, "root"), before);
  assert.notEqual(world.root.control.find("n2")?.phase, "frozen");
  world.start("a");
  await goesOn(world, "n1");
  await world.stop();
});

test("a rack's signed run leaves its successor runs to have", async () => {
  const world = await makeWorld();
  const { chain, signer, id } = rackKey(world, "a");
  world.kill("a", 0);
  const about = { cluster: "tree", aggregator: id, process: "r", child: id };
  const run = signStatement({ kind: "run", ...about, run: MOST - 1 }, signer);
  const own = { key: signer.publicKey, chain, run };
  await attack(world, "root", "a", [birth(1, { term: makeTerm(1, MOST - 1), own })]);
  world.start("a");
  await goesOn(world, "n1");
  await world.stop();
});

/** Declarations that an agent may make up: none of them is used. */
function modulesOf(n: number, count: number, variables: number): readonly ModuleDeclaration[] {
  return Array.from({ length: count }, (_, m) => {
    const name = `evil-${n}-${m}`;
    const about = "x".repeat(1_000);
    const type = { kind: "boolean" } as const;
    const all = Array.from(
      { length: variables },
      (_, v) => [`/${name}/v${v}`, { type, writer: "self", about }] as const,
    );
    return { name, about, extensions: [{ name, variables: Object.fromEntries(all) }], discovers: [], mutations: {} };
  });
}

for (const [what, count, variables] of [["many", 64, 0], ["long", 2, 100]] as const) {
  test(`births that declare ${what} modules do not cut their rack off from the root, and fill no log`, async () => {
    const world = await makeWorld();
    const births = Array.from({ length: 50 }, (_, n) => {
      const modules = modulesOf(n, count, variables);
      return birth(n, { digest: String(n).padStart(32, "0"), modules });
    });
    await attack(world, "a", "n1", births);
    const events = world.member("a").process?.aggregator?.control.events(0, 1_000_000) ?? [];
    assert.ok(events.filter(({ kind }) => kind === "refused").length <= 1);
    await goesOn(world, "n1");
    assert.equal(world.member("a").process?.aggregator?.upstreamLink?.state, "level");
    await world.stop();
  });
}

test("births whose modules are refused are told of once", async () => {
  const world = await makeWorld();
  const wrong = [{ name: "wrong", about: "", extensions: [], discovers: ["/nowhere"], mutations: {} }];
  await attack(world, "root", "n2", Array.from({ length: 100 }, (_, n) => birth(n, { modules: wrong })));
  assert.equal(world.root.control.events(0, 1_000_000).filter(({ kind }) => kind === "refused").length, 1);
  await goesOn(world, "n2");
  await world.stop();
});

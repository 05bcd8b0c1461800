import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import type { Entry, Value } from "../../src/state/mod.ts";
import { createCommon, holdingIn } from "../../src/sync/common.ts";
import { commonOf, covers, type HeldDocument, holdingOf, partOf, partsFor } from "../../src/sync/holding.ts";
import { createReplica, type Frame } from "../../src/sync/mod.ts";
import { createWorld, FAIR, NODE } from "./world.ts";
import { at, ofRun } from "../support/versions.ts";

type World = ReturnType<typeof createWorld>;

/** A world whose two ends are level, with values of each writer. */
async function level(): Promise<World> {
  const world = createWorld();
  for (const url of ["/a", "/b", "/c"]) {
    world.write("cfg", url, 1);
    world.write("parent", url, 2);
    world.discover(url, 3);
  }
  world.connect();
  await world.clock.runUntil(() => world.agrees(), 10_000);
  await world.clock.advance(1_000);
  world.sent.length = 0;
  return world;
}
async function agree(world: World): Promise<void> {
  await world.clock.runUntil(() => world.agrees(), 60_000);
}
/** Every value that was sent, as often as it was. */
function values(world: World): string[] {
  return world.sent.flatMap(({ way, frame }) => frame.type === "data" ? valuesIn(way, frame) : []);
}
function valuesIn(way: string, frame: Extract<Frame, { type: "data" }>): string[] {
  return frame.documents.flatMap(({ facets }) =>
    Object.entries(facets).flatMap(([facet, entries]) => [...entries.keys()].map((url) => `${way} ${facet} ${url}`))
  );
}
function count(world: World, type: Frame["type"]): number {
  return world.sent.filter(({ frame }) => frame.type === type).length;
}

test("after a restart of the parent no value is sent again that was acknowledged", async () => {
  const world = await level();
  world.restartParent({ sessions: true });
  await agree(world);
  await world.clock.advance(60_000);
  assert.deepEqual(values(world), []);
  assert.equal(world.child.link.term.run, 1);
  world.stop();
});

test("what changed while a parent was away is sent, and the other facet is not", async () => {
  const world = await level();
  world.disconnect();
  world.write("cfg", "/b", "changed");
  world.discover("/c", "changed");
  world.restartParent({ sessions: true });
  world.connect();
  await agree(world);
  assert.deepEqual(values(world).sort(), ["down cfg /a", "down cfg /b", "down cfg /c", "up self /c"]);
  world.sent.length = 0;
  world.write("parent", "/a", "later");
  await agree(world);
  assert.deepEqual(values(world), ["down parent /a"]);
  world.stop();
});

test("another parent that has the same as the child does not say it again", async () => {
  const world = await level();
  world.restartParent();
  await agree(world);
  const down = values(world).filter((value) => value.startsWith("down"));
  assert.deepEqual(down, ["down self /a", "down self /b", "down self /c"], "of an earlier term: it takes them over");
  world.stop();
});

test("what a parent has lost of its own word the child loses too, and nothing of its cfg is sent", async () => {
  const world = await level();
  world.restartParent({ sessions: true, facet: false });
  await agree(world);
  assert.deepEqual(values(world), []);
  assert.equal(world.child.replica.get(NODE)?.facets.parent.size, 0);
  world.stop();
});

test("what an earlier parent said of its link a child forgets where the present one says nothing of its own", async () => {
  const world = await level();
  world.write("parent", "/link", "UP");
  await agree(world);
  world.restartParent({ sessions: true, link: false });
  await agree(world);
  assert.deepEqual([...world.child.replica.get(NODE)?.facets.parent.keys() ?? []].sort(), ["/a", "/b", "/c"]);
  assert.deepEqual(values(world).filter((value) => value !== "down parent /link"), []);
  world.stop();
});

test("a child that began with what it had, and was cut off on the way, goes on from there", async () => {
  const world = await level();
  world.disconnect();
  for (let place = 0; place < 30; place++) world.write("parent", `/v${place}`, "x".repeat(20_000));
  world.restartParent({ sessions: true });
  world.connect();
  await world.clock.runUntil(() => count(world, "data") >= 4, 10_000);
  world.disconnect();
  await world.clock.advance(1_000);
  world.connect();
  await agree(world);
  const down = values(world).filter((value) => value.startsWith("down"));
  assert.ok(down.every((value) => value.startsWith("down parent")), "no cfg");
  assert.ok(down.length < 33 + 15, `${down.length} values for 33`);
  world.stop();
});

test("births that are repeated because nothing answers begin once", async () => {
  const world = await level();
  world.setWeather({ ...FAIR, delay: 4_000, duplication: 1 });
  world.restartParent({ sessions: true });
  await world.clock.advance(20_000);
  world.setWeather(FAIR);
  await agree(world);
  const epochs = new Set(world.sent.flatMap(({ frame }) => frame.type === "welcome" ? [frame.epoch] : []));
  assert.ok(count(world, "birth") > 1);
  assert.ok(epochs.size <= 2, `${epochs.size} epochs`);
  assert.deepEqual(values(world).filter((value) => value.startsWith("down")), []);
  world.stop();
});

test("a welcome by what the child does not have any more is not taken: the child is born again", async () => {
  const world = await level();
  world.setWeather({ ...FAIR, loss: 1 });
  world.restartParent({ sessions: true });
  world.child.link.receive({ type: "rebirth", from: world.parentRun });
  const birth = world.sent.find(({ frame }) => frame.type === "birth")?.frame;
  assert.ok(birth?.type === "birth" && birth.holdings !== undefined);
  world.child.replica.drop(NODE, "parent", (url) => url === "/b");
  world.setWeather(FAIR);
  world.parent.receive(birth);
  await agree(world);
  assert.equal(world.child.replica.get(NODE)?.facets.parent.get("/b")?.value, 2);
  world.stop();
});

test("a late birth of a time when the child had less, or other things, makes it miss nothing", async () => {
  const world = await level();
  world.restartParent({ sessions: true });
  await agree(world);
  const birth = world.sent.findLast(({ frame }) => frame.type === "birth")?.frame;
  assert.ok(birth?.type === "birth" && birth.holdings !== undefined);
  const before = world.disk.get(NODE)?.facets.parent.get("/b");
  assert.ok(before !== undefined);
  // The parent forgets a value, has the child forget it, and gets it again with its old version, say from above.
  world.disk.drop(NODE, "parent", (url) => url === "/b");
  world.parent.refresh();
  await agree(world);
  assert.equal(world.child.replica.get(NODE)?.facets.parent.has("/b"), false);
  world.setWeather({ ...FAIR, loss: 1 });
  world.disk.merge(NODE, "parent", new Map([["/b", before]]));
  world.parent.receive(birth); // the welcome is lost
  await world.clock.advance(1_000);
  world.setWeather(FAIR);
  await agree(world);
  assert.equal(world.child.replica.get(NODE)?.facets.parent.get("/b")?.value, 2);
  world.stop();
});

const facet = fc.uniqueArray(
  fc.tuple(fc.constantFrom("/a", "/a/b", "/a-b", "/c"), fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
  { selector: ([url]) => url, maxLength: 3 },
).map((entries) =>
  new Map(entries.map(([url, term, rev]): [string, Entry] => [url, { value: 1, version: at(term, rev) }]))
);
const documents: fc.Arbitrary<HeldDocument[]> = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom(
      NODE,
      ..."0123456789abcdef".split("").map((digit) => `${digit.repeat(8)}-0000-4000-8000-000000000000`),
    ),
    cfg: facet,
    parent: facet,
  }, { noNullPrototype: true }),
  { selector: ({ id }) => id, maxLength: 17 },
);

test("holdings have in common exactly those parts of which both have the same documents with the same versions", () => {
  const covered = createCoverage("holdings", ["something in common", "a part that differs", "nothing in common"], 0.15);
  fc.assert(
    fc.property(documents, documents, fc.constantFrom(1, 4, 16), fc.boolean(), (a, other, parts, alike) => {
      // Two that differ in little are what matters.
      const b = alike
        ? [...a.slice(1), ...other.slice(0, 1).filter(({ id }) => !a.some((each) => each.id === id))]
        : other;
      const [first, second] = [holdingOf(NODE, a, parts), holdingOf(NODE, [...b].reverse(), parts)];
      const common = commonOf(first, second);
      const text = (all: readonly HeldDocument[], part: number) =>
        JSON.stringify(
          all.filter(({ id, cfg }) => partOf(id, parts) === part && cfg.size > 0)
            .map(({ id, cfg }) => [id, [...cfg].sort()]).sort(),
        );
      const differs = first.cfg.some((each, part) => each !== second.cfg[part]);
      covered.saw(
        common === undefined ? "nothing in common" : "something in common",
        ...(differs ? ["a part that differs" as const] : []),
      );
      for (let part = 0; part < parts; part++) {
        const [here, there] = [text(a, part), text(b, part)];
        assert.equal((common?.cfg[part] ?? "") !== "", here === there && here !== "[]");
      }
      const own = (all: readonly HeldDocument[]) =>
        JSON.stringify([...all.find(({ id }) => id === NODE)?.parent ?? []].sort());
      const [here, there] = [own(a), own(b)];
      assert.equal((common?.parent ?? "") !== "", here === there && here !== "[]");
      if (common === undefined) return;
      assert.ok(covers(first, common) && covers(second, common));
      assert.equal(covers(holdingOf(NODE, [], parts), common), false);
    }),
  );
  covered.check();
});

test("documents are told of in about as many parts as there are, and in 1,024 at most", () => {
  assert.deepEqual([0, 1, 2, 3, 1_000, 5_000].map(partsFor), [1, 1, 2, 4, 1_024, 1_024]);
});

test("a digest is the SHA-256 that docs/reference/protocol.md says, and that of a part the exclusive or of its documents'", () => {
  const other = "0d9c4a30-53c7-4f0e-8f55-1c3fd1f0a7b2";
  const cfg = new Map<string, Entry>([["/b", { value: null, version: at(2, 9, 5) }], ["/a", {
    value: 1,
    version: at(1, 3),
  }]]);
  const parent = new Map<string, Entry>([["/link", { value: "UP", version: at(7, 1) }]]);
  const sha = (text: string) => BigInt(`0x${createHash("sha256").update(text).digest("hex").slice(0, 24)}`);
  const text = (digest: bigint) => digest.toString(16).padStart(24, "0");
  const [one, two] = [sha(`${NODE}\n/a 0 1 3 1\n/b 5 2 9 null\n`), sha(`${other}\n/a 0 1 3 1\n/b 5 2 9 null\n`)];
  const documents = [{ id: NODE, cfg, parent }, { id: other, cfg, parent: new Map<string, Entry>() }];
  assert.deepEqual(holdingOf(NODE, documents, 1), { cfg: [text(one ^ two)], parent: "" });
  const both = holdingOf(NODE, documents, 4);
  assert.equal(Number.parseInt("8f0e7a86", 16) % 4, 2);
  assert.deepEqual(both.cfg[2], text(one ^ (partOf(other, 4) === 2 ? two : 0n)));
});

test("a child has its parent facet where its digest is that of the one here, whatever cfg they have in common", () => {
  const replicaOf = (parent: Value) => {
    const replica = createReplica();
    replica.write(NODE, "cfg", new Map([["/a", 1]]), ofRun(1));
    replica.write(NODE, "parent", new Map([["/b", parent]]), ofRun(1));
    return replica;
  };
  const common = createCommon({ child: NODE, replica: replicaOf("here"), documents: () => [NODE], wanted: () => true });
  assert.equal(common.hasParent, false, "before it is born");
  common.begin({ holdings: holdingIn(replicaOf("here"), NODE, 1) });
  assert.equal(common.hasParent, true);
  common.begin({ holdings: holdingIn(replicaOf("elsewhere"), NODE, 1) });
  assert.ok(common.holding !== undefined, "the cfg is the same");
  assert.equal(common.hasParent, false);
  common.begin({});
  assert.equal(common.hasParent, false);
});

test("what a child is not to have is none of what both have", () => {
  const [here, there] = [createReplica(), createReplica()];
  for (const replica of [here, there]) {
    replica.write(NODE, "parent", new Map([["/a", 1]]), ofRun(1));
    replica.write(NODE, "cfg", new Map([["/b", 1]]), ofRun(1));
  }
  here.write(NODE, "parent", new Map([["/engine/checkpoint", 1]]), ofRun(1));
  const wanted = ({ url }: { readonly url: string }) => !url.startsWith("/engine/");
  const common = createCommon({ child: NODE, replica: here, documents: () => [NODE], wanted });
  common.begin({ holdings: holdingIn(there, NODE, 1) });
  assert.deepEqual(common.holding, holdingIn(there, NODE, 1));
});

test("of what both have nothing is to be sent, but for each link's own value, other nodes' facets and what changed later", () => {
  const replica = createReplica();
  const other = "0d9c4a30-53c7-4f0e-8f55-1c3fd1f0a7b2";
  for (const id of [NODE, other]) {
    for (const facet of ["cfg", "parent", "self"] as const) {
      replica.write(id, facet, new Map<string, Value>([["/a", 1], ["/link", "UP"]]), ofRun(1));
    }
  }
  const common = createCommon({ child: NODE, replica, documents: () => [NODE, other], wanted: () => true });
  const had = () =>
    [NODE, other].flatMap((id) =>
      replica.since(id, 0).filter((change) => common.has(change)).map(({ facet, url }) =>
        `${id === NODE ? "own" : "other"} ${facet} ${url}`
      )
    );
  assert.deepEqual(had(), [], "before a birth");
  common.begin({ holdings: holdingIn(replica, NODE, 1) });
  const all = ["own cfg /a", "own cfg /link", "own parent /a", "other cfg /a", "other cfg /link"];
  assert.deepEqual(had(), all);
  replica.write(NODE, "cfg", new Map([["/a", 2]]), ofRun(1));
  assert.deepEqual(had(), all.slice(1));
  common.begin({ holdings: { ...holdingIn(replica, NODE, 1), parent: "" } });
  assert.deepEqual(had().sort(), all.filter((each) => !each.includes("parent")).sort());
  common.begin({ holdings: { ...holdingIn(replica, NODE, 1), cfg: [""] } });
  assert.deepEqual(had(), ["own parent /a"]);
  common.forget();
  assert.deepEqual(had(), []);
});

test("two values of one version have two digests, whatever the order of their keys", () => {
  const of = (value: Value) =>
    holdingOf(NODE, [{ id: NODE, cfg: new Map(), parent: new Map([["/a", { value, version: at(1, 1) }]]) }], 1).parent;
  assert.notEqual(of(1), of(2));
  assert.notEqual(of(1), of("1"));
  assert.equal(of({ a: 1, b: [2] }), of({ b: [2], a: 1 }));
});

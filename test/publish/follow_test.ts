import assert from "node:assert/strict";
import { test } from "node:test";
import { type Board, createBoard } from "../../aggregator/publish/board.ts";
import { followState } from "../../aggregator/publish/follow.ts";
import type { Announcing } from "../../aggregator/publish/home_assistant.ts";
import type { NodeDetail } from "../../aggregator/control/detail.ts";
import { staleOf } from "../../aggregator/status/stale.ts";
import { createSmallTree, idOf } from "../aggregator/small_tree.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { createTestRoot, type TestRoot } from "../support/root.ts";

const BASE = "kraken-state/demo";

/** A root whose state is on a board, with every change of it since it was complete. */
async function published(
  names: readonly string[],
  options: { readonly values?: readonly string[]; readonly announcing?: Announcing; readonly board?: Board } = {},
): Promise<{ root: TestRoot; board: Board; changed: string[]; events: string[] }> {
  const board = options.board ?? createBoard(BASE);
  const { values = [], announcing } = options;
  const root = await createTestRoot({
    names,
    publish: { board, values, ...(announcing !== undefined && { announcing }) },
  });
  await root.clock.advance(3_000);
  await root.aggregator.follower?.complete;
  const changed: string[] = [];
  const events: string[] = [];
  board.follow({ changed: (topic) => void changed.push(topic), event: (payload) => void events.push(payload) });
  return { root, board, changed, events };
}

function documentOf(board: Board, name: string): Record<string, unknown> {
  return JSON.parse(board.get(`${BASE}/nodes/${name}`) ?? "{}");
}

test("a node's document has every field, and what is not known is null", async () => {
  const { root, board } = await published(["n1"]);
  assert.deepEqual(documentOf(board, "n1"), {
    ...{ name: "n1", id: root.idOf("n1"), physState: "POWER_OFF", runState: "UNKNOWN", phase: "converged", reason: "" },
    ...{ late: false, lateReason: null, stale: false, staleSince: null },
    ...{ parent: "root", platform: "sim", link: "UNKNOWN", image: null, imageState: null },
    since: documentOf(board, "n1")["since"],
  });
  assert.match(String(documentOf(board, "n1")["since"]), /^2030-01-01T00:00:0\d\.\d{3}Z$/);
  await root.aggregator.stop();
});

test("a node that changes a hundred times in a second is published once in a second, at last as it is", async () => {
  const { root, board, changed } = await published(["n1", "n2"]);
  for (let time = 0; time < 100; time++) {
    root.discover("n1", { "/physState": time % 2 === 0 ? "POWER_ON" : "POWER_OFF" });
    await root.clock.advance(10);
  }
  root.discover("n1", { "/physState": "PHYS_HANG" });
  await root.clock.advance(2_500);
  const times = changed.filter((topic) => topic === `${BASE}/nodes/n1`).length;
  assert.ok(times >= 1 && times <= 3, `it was published ${times} times`);
  assert.equal(documentOf(board, "n1")["physState"], "PHYS_HANG");
  assert.equal(changed.includes(`${BASE}/nodes/n2`), false);
  await root.aggregator.stop();
});

test("since tells when a node came to its states, and outlives a restart where it is in the same ones", async () => {
  const first = await published(["n1", "n2"]);
  const topic = `${BASE}/nodes/n1`;
  const before = first.board.get(topic) ?? "";
  await first.root.clock.advance(10_000);
  first.root.discover("n1", { "/physState": "POWER_ON" });
  await first.root.clock.advance(2_000);
  const on = documentOf(first.board, "n1");
  assert.ok(String(on["since"]) > String(JSON.parse(before).since), "another state has another time");

  const earlier = before.replace(/"since":"[^"]+"/, '"since":"2029-12-31T00:00:00.000Z"');
  const second = await published(["n1", "n2"]);
  const { follower } = second.root.aggregator;
  const own = documentOf(second.board, "n2")["since"];
  const ofOther = earlier.replace('"n1"', '"n2"');
  const others = [
    ofOther.replace("POWER_OFF", "POWER_ON"),
    ofOther.replace("2029", "2031"),
    ofOther.replace("2029-12", "yesterday"),
    earlier,
    "[]",
    "{",
    "null",
  ];
  for (const other of others) follower?.recall(`${BASE}/nodes/n2`, other);
  assert.equal(documentOf(second.board, "n2")["since"], own, "what is of other states, or no document, counts nothing");
  follower?.recall(topic, earlier);
  assert.equal(documentOf(second.board, "n1")["since"], "2029-12-31T00:00:00.000Z");
  await second.root.clock.advance(61_000);
  assert.equal(documentOf(second.board, "n1")["since"], "2029-12-31T00:00:00.000Z");
  for (const { root } of [first, second]) await root.aggregator.stop();
});

test("single values are plain text, patterns find all of theirs, and what is known no more is cleared", async () => {
  const values = ["/rack", "/physState", "/busy", "/power/{what}", "/services/{name}/state"];
  const { root, board } = await published(["n1"], { values });
  const at = (url: string): string | undefined => board.get(`${BASE}/nodes/n1${url}`);
  assert.deepEqual([at("/rack"), at("/physState")], [undefined, "POWER_OFF"]);
  root.patch("n1", { "/rack": "r1" });
  await root.clock.advance(1_500);
  assert.equal(at("/rack"), "r1");
  root.patch("n1", { "/rack": null });
  await root.clock.advance(1_500);
  assert.equal(at("/rack"), undefined);
  assert.equal(at("/services/x/state"), undefined);
  await root.aggregator.stop();
});

test("the topics of a deleted node are cleared, and come back for another one of its name", async () => {
  const { root, board, changed } = await published(["n1", "n2"], { values: ["/physState"] });
  assert.deepEqual(root.control.remove([root.idOf("n1")]), { ok: true });
  await root.clock.advance(1_500);
  const own = [`${BASE}/nodes/n1`, `${BASE}/nodes/n1/physState`];
  assert.deepEqual([...board.topics].filter((topic) => topic.includes("/nodes/")).sort(), [
    `${BASE}/nodes/n2`,
    `${BASE}/nodes/n2/physState`,
  ]);
  for (const topic of own) assert.ok(changed.includes(topic), `${topic} is cleared`);
  root.apply({ n1: {}, n2: {} });
  await root.clock.advance(1_500);
  for (const topic of own) assert.notEqual(board.get(topic), undefined, `${topic} is back`);
  await root.aggregator.stop();
});

test("the tree's document has the health and counts of all, and lists aggregators", async () => {
  const { root, board } = await published(["n1", "n2"]);
  const tree = JSON.parse(board.get(`${BASE}/tree`) ?? "{}");
  assert.deepEqual([tree.name, tree.nodes, tree.list.length, tree.unlisted], ["root", 2, 1, 0]);
  assert.equal(tree.list[0].name, "root");
  await root.aggregator.stop();
});

test("events are told once, as they are in the log", async () => {
  const { root, board, events } = await published(["n1"]);
  root.aggregator.note("n1", "test", "a reason");
  assert.equal(events.length, 1);
  const { id, time, ...rest } = JSON.parse(events[0] ?? "");
  assert.deepEqual(rest, { node: "n1", kind: "test", why: "a reason" });
  assert.ok(Number.isInteger(id) && typeof time === "string");
  assert.equal(board.get(board.events), undefined);
  await root.aggregator.stop();
});

/** A tree with a node below a rack below another one, of which only names and staleness are published. */
function makeTree(isRoot: boolean) {
  const tree = createSmallTree();
  const { nodes, changes, replica } = tree;
  tree.set("c", { "/role": "AGGREGATOR", "/parent": "a" });
  tree.set("n", { "/parent": "c" });
  tree.set("elsewhere", { "/parent": "nobody" });
  const clock = createVirtualClock();
  const board = createBoard(BASE);
  const find = (id: string): NodeDetail | undefined => {
    const node = nodes.read(id);
    const stale = node && staleOf(nodes, node);
    const states = { physState: "", runState: "", phase: "converged", reason: "", link: "", platform: "" } as const;
    const { version } = node ?? {};
    if (node === undefined || version === undefined) return undefined;
    return {
      ...{ id, name: node.name, kind: "node", parent: "", ...states, cfg: node.cfg, dsc: node.view, version },
      inherited: new Map(),
      engine: { phase: "converged", running: [] },
      ...(stale !== undefined && { stale }),
    };
  };
  const schema = { extensions: [], find: () => undefined, unknownOf: () => undefined, validate: () => undefined };
  const follower = followState({
    ...{ board, changes, nodes, clock, isRoot, values: [], ids: replica.ids, ownId: idOf("root") },
    control: { find, tree: () => [], schema, onEvent: () => () => {} },
    isComplete: () => true,
  });
  follower.begin();
  return { tree, board, clock, follower };
}

test("nodes below an aggregator that is lost are stale, however far below, and its return is told too", async () => {
  const { tree, board, clock, follower } = makeTree(true);
  const stale = async (): Promise<unknown[]> => {
    await clock.advance(1_100);
    const { stale, staleSince } = documentOf(board, "n");
    return [stale, staleSince];
  };
  assert.deepEqual(await stale(), [false, null]);
  tree.discover("a", "parent", { "/staleSince": "2030-01-01T00:00:01.000Z" });
  assert.deepEqual(await stale(), [true, "2030-01-01T00:00:01.000Z"]);
  tree.discover("a", "parent", { "/staleSince": null });
  assert.deepEqual(await stale(), [false, null]);
  assert.equal(board.get(`${BASE}/nodes/a`), undefined, "aggregators are in the tree");
  follower.stop();
  assert.equal(clock.waiting, 0, "nothing goes on after its end");
});

test("the root publishes all nodes, also those that nobody serves; an aggregator below it its own", async () => {
  for (const isRoot of [true, false]) {
    const { board, clock, follower } = makeTree(isRoot);
    await clock.advance(1_100);
    const found = [...board.topics].filter((topic) => topic.includes("/nodes/")).map((topic) =>
      topic.split("/").at(-1)
    );
    assert.deepEqual(found.sort(), isRoot ? ["elsewhere", "n"] : ["n"]);
    follower.stop();
  }
});

test("a node is announced to Home Assistant as a device with its topics, and no more once it is deleted", async () => {
  const board = createBoard(BASE);
  const announcing = { prefix: "homeassistant", cluster: "demo", aggregator: "a-uuid", board };
  const { root } = await published(["n1"], { board, announcing });
  const topic = `homeassistant/device/kraken-a-uuid/${root.idOf("n1")}/config`;
  const device = JSON.parse(board.get(topic) ?? "{}");
  assert.deepEqual([device.state_topic, device.availability_topic], [`${BASE}/nodes/n1`, `${BASE}/online`]);
  const ids = Object.values<{ unique_id: string }>(device.cmps).map(({ unique_id }) => unique_id);
  assert.equal(new Set(ids).size, 3);
  root.control.remove([root.idOf("n1")]);
  await root.clock.advance(1_500);
  assert.equal(board.get(topic), undefined);
  await root.aggregator.stop();
});

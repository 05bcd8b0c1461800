import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hono } from "hono";
import { createLog } from "../../src/log.ts";
import { createVirtualCluster, type VirtualCluster } from "../support/virtual_cluster.ts";
import { assertProblem, createCheckedApp, send } from "./support.ts";

const SYNC = { "/physState": "POWER_ON", "/runState": "SYNC" } as const;

/** A cluster on a virtual clock with its HTTP interface, ended after the test. */
async function withCluster(
  count: number,
  run: (cluster: VirtualCluster, app: Hono, root: string) => Promise<void>,
): Promise<void> {
  const cluster = await createVirtualCluster(count);
  const { control } = cluster.aggregator;
  try {
    const app = createCheckedApp(control, {
      metrics: () => [],
      version: "1",
      log: createLog(() => {}),
      clock: cluster.clock,
    });
    await run(cluster, app, `/api/v1/nodes/${control.name}/cfg`);
  } finally {
    await cluster.stop();
  }
}

test("a rule of what is not there is refused, with its field, the value, and what was expected", () =>
  withCluster(2, async (_cluster, app, root) => {
    const limit = (fields: object) => ({ limits: { h: { mutations: ["simpower/power-on"], atMost: 1, ...fields } } });
    const never = (when: object) => ({ invariants: { jobs: { kind: "never", when } } });
    const refused: [unknown, RegExp][] = [
      [never({ "/busy": "BUZY" }), /\/invariants\/jobs\/when: '?\/busy'? is "BUZY": expected one of FREE, BUSY/],
      [never({ "/busy": 1 }), /\/invariants\/jobs\/when: .*\/busy.* is 1: expected one of FREE, BUSY/],
      [never({ "/nosuch": "x" }), /\/invariants\/jobs\/when: '\/nosuch' is not a state variable/],
      [never({ "/services/{name}/state": "RUN" }), /'\/services\/\{name\}\/state' is many variables: expected one/],
      [limit({ by: "/nosuchvar" }), /\/limits\/h\/by: '\/nosuchvar' is not a state variable/],
      [
        { invariants: { c: { kind: "transition", atMost: 1, by: "/nosuchvar" } } },
        /\/invariants\/c\/by: '\/nosuchvar' is not a state variable/,
      ],
      [
        limit({ mutations: ["simpower/power-on", "nosuch/thing"] }),
        /\/limits\/h\/mutations is "nosuch\/thing": expected what this aggregator runs: join\/level, .*simpower\/boot/,
      ],
      [
        limit({ mutations: ["service/restart"] }),
        /\/limits\/h\/mutations is "service\/restart": expected what this aggregator runs, as agents run that one by/,
      ],
    ];
    for (const [patch, message] of refused) {
      await assertProblem(await app.request(root, send("PATCH", patch)), 422, message);
    }
    const fine = {
      ...limit({ mutations: ["*/power-*"], by: "/rack" }),
      ...never({ "/busy": "BUSY", "/platform": "sim" }),
    };
    const set = await app.request(root, send("PATCH", fine));
    assert.equal(set.status, 200);
    assert.equal((await set.json()).warnings, undefined);
  }));

test("a rule that is about no node, or whose share is none of its nodes, is taken with a warning", () =>
  withCluster(8, async (_cluster, app, root) => {
    const warningsFor = async (patch: unknown): Promise<string[]> => {
      const response = await app.request(root, send("PATCH", patch));
      assert.equal(response.status, 200);
      return (await response.json()).warnings;
    };
    assert.deepEqual(await warningsFor({ limits: { x: { mutations: ["*/power-on"], atMost: 1, nodes: "m[1-3]" } } }), [
      '/limits/x/nodes is "m[1-3]": no node is called that now',
    ]);
    assert.deepEqual(await warningsFor({ invariants: { few: { kind: "away", atMost: "10%" } } }), [
      '/invariants/few/atMost is "10%": of 8 nodes that is none, so nothing disruptive is ever done to them',
    ]);
    assert.equal(await warningsFor({ invariants: { few: { kind: "away", atMost: "13%" } } }), undefined);
    const [warning] = await warningsFor({
      invariants: { chassis: { kind: "transition", nodes: "n1", atMost: "99%" } },
    });
    assert.match(warning ?? "", /^\/invariants\/chassis\/atMost is "99%": of 1 node that is none/);
  }));

test("nodes that are written together with a rule count for it", () =>
  withCluster(1, async (_cluster, app) => {
    const nodes = [
      { name: "root", cfg: { limits: { x: { mutations: ["*/power-on"], atMost: 1, nodes: "m1" } } } },
      { name: "m1", cfg: { parent: "root" } },
    ];
    const apply = async (some: unknown[]) =>
      await (await app.request("/api/v1/apply?dryRun=true", send("POST", { nodes: some }))).json();
    assert.equal((await apply(nodes)).changes[0].warnings, undefined);
    assert.match((await apply(nodes.slice(0, 1))).changes[0].warnings[0], /no node is called that now/);
  }));

test("explain says that a node can never go on where an invariant leaves room for none", () =>
  withCluster(8, async (cluster, app, root) => {
    for (const { name } of cluster.machines) cluster.set(name, SYNC);
    await cluster.converge();
    await app.request(root, send("PATCH", { invariants: { few: { kind: "away", atMost: "10%" } } }));
    cluster.set("n1", { "/physState": "POWER_OFF" });
    await cluster.clock.runUntil(() => cluster.shown("n1").phase === "waiting", 60_000);
    const { why } = await (await app.request("/api/v1/nodes/n1/explain")).json();
    assert.match(why, /can never start, because of invariant 'few' \(no node may be away from SYNC\)$/);
  }));

/** Sets rules, and asks what a change of nodes would do. */
async function dryRun(app: Hono, root: string, rules: unknown, nodeset: string, patch: unknown) {
  assert.equal((await app.request(root, send("PATCH", rules))).status, 200);
  const url = `/api/v1/nodes?nodeset=${encodeURIComponent(nodeset)}&dryRun=true`;
  return (await (await app.request(url, send("PATCH", patch))).json()).groups;
}

test("a dry run and a what-if tell which invariant would refuse a step, and why; others are told apart", () =>
  withCluster(3, async (cluster, app, root) => {
    for (const { name } of cluster.machines) cluster.set(name, SYNC);
    await cluster.converge();
    const rules = { invariants: { keep: { kind: "never", nodes: "n1", when: { "/runState": "SYNC" } } } };
    const off = { physState: "POWER_OFF" };
    const groups = await dryRun(app, root, rules, "n[1-3]", off);
    assert.deepEqual(groups.map(({ nodeset }: { nodeset: string }) => nodeset), ["n1", "n[2-3]"]);
    const [one, others] = groups;
    const place = one.steps.findIndex(({ key }: { key: string }) => key === "simpower/power-off");
    assert.deepEqual(one.refused, {
      step: place,
      mutation: "simpower/power-off",
      invariant: "keep",
      because: "'/runState' is 'SYNC'",
    });
    assert.match(one.summary, /refused by invariant 'keep'; disruptive$/);
    assert.equal(one.expectedMs, undefined);
    assert.equal(others.refused, undefined);
    const explained = await (await app.request("/api/v1/nodes/n1/explain", send("POST", off))).json();
    assert.equal(explained.phase, "waiting");
    assert.deepEqual(explained.steps[place].state, {
      kind: "waiting",
      blocker: { kind: "invariant", invariant: "keep", because: "'/runState' is 'SYNC'" },
      words: "refused by invariant 'keep': '/runState' is 'SYNC'",
    });
    assert.match(explained.why, /simpower\/power-off refused by invariant 'keep'/);
  }));

test("a dry run counts on limits: how many at once or a second, and how long all of them take", () =>
  withCluster(8, async (cluster, app, root) => {
    const on = { physState: "POWER_ON" };
    const limit = (fields: object) => ({ limits: { power: null, p: { mutations: ["*/power-on"], ...fields } } });
    for (const { name } of cluster.machines) cluster.set(name, { "/physState": "POWER_OFF" });
    await cluster.converge();
    const [free] = await dryRun(app, root, limit({ atMost: 8 }), "n[1-8]", on);
    assert.equal(free.queued, undefined);
    const plan = free.expectedMs;
    const [step] = free.steps;
    const [two] = await dryRun(app, root, limit({ atMost: 2 }), "n[1-8]", on);
    assert.equal(two.expectedMs, plan + 3 * step.duration);
    assert.deepEqual(two.queued, [{
      step: 0,
      kind: "limit",
      rule: "p",
      atMost: 2,
      words: "at most 2 at once by limit 'p'",
    }]);
    const [slow] = await dryRun(app, root, limit({ atMost: null, perSecond: 1 }), "n[1-8]", on);
    assert.equal(slow.expectedMs, plan + 7000);
    assert.equal(slow.queued[0].words, "at most 1 a second by limit 'p'");
    const [few] = await dryRun(app, root, limit({ atMost: 1, by: "/rack" }), "n[1-2]", on);
    assert.equal(few.queued[0].words, "at most 1 at once, 1 a second for each value of /rack by limit 'p'");
    const [alone] = await dryRun(app, root, {}, "n1", on);
    assert.equal(alone.queued, undefined);
  }));

test("a dry run and a what-if tell of a bound that lets none through, or that is not given back", () =>
  withCluster(8, async (cluster, app, root) => {
    for (const { name } of cluster.machines) cluster.set(name, SYNC);
    await cluster.converge();
    const off = { physState: "POWER_OFF" };
    const few = (atMost: string) => ({ invariants: { few: { kind: "away", atMost } } });
    const [some] = await dryRun(app, root, few("25%"), "n[1-8]", off);
    const words = "at most 2 at once by invariant 'few': the others wait until these are back in SYNC";
    assert.equal(some.queued[0].words, words);
    assert.equal(some.expectedMs, undefined);
    const [none] = await dryRun(app, root, few("10%"), "n1", off);
    assert.equal(none.queued[0].words, "at most 0 at once by invariant 'few': never as it is");
    const explained = await (await app.request("/api/v1/nodes/n1/explain", send("POST", off))).json();
    assert.match(explained.why, /simpower\/power-off can never start, because of invariant 'few'/);
  }));

test("a what-if tells of a limit that is full, and in which place a node would wait", () =>
  withCluster(3, async (cluster, app, root) => {
    await app.request(root, send("PATCH", { limits: { power: { mutations: ["simpower/power-on"], atMost: 1 } } }));
    cluster.set("n3", { "/physState": "POWER_OFF" });
    await cluster.converge();
    for (const name of ["n1", "n2"]) cluster.set(name, SYNC);
    await cluster.clock.runUntil(() => cluster.shown("n2").phase === "waiting", 60_000);
    const explained = await (await app.request("/api/v1/nodes/n3/explain", send("POST", { physState: "POWER_ON" })))
      .json();
    const { blocker } = explained.steps[0].state;
    assert.deepEqual([blocker.kind, blocker.limit, blocker.inFlight, blocker.place], ["limit", "power", 1, 2]);
    assert.match(
      explained.why,
      /^simpower\/power-on waits at limit 'power' \(1 of 1 in flight: n1; 2nd in the queue behind n2\)$/,
    );
  }));

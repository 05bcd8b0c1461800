import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, bringUp, change, group, summary, without } from "./samples.ts";
import { runKrakenctl } from "./run_krakenctl.ts";
import { type Reply, startStandIn } from "./stand_in_server.ts";

/** Runs krakenctl against replies by request line. */
async function run(args: readonly string[], replies: { readonly [line: string]: Reply }) {
  await using server = await startStandIn((line) => replies[line]);
  const ended = await runKrakenctl(args, server.url);
  const { received } = server;
  return { ...ended, received, lines: received.map(({ line }) => line) };
}

const off = { physState: "POWER_OFF" };
const stale = { since: "2030-01-01T00:00:00Z", aggregator: "rack1" };
const listed = (...nodes: object[]): Reply => ({ json: { nodes } });

test("krakenctl power status shows the power of machines, those that are alike on one line", async () => {
  const nodes = listed(
    summary("root", { kind: "aggregator" }),
    ...[summary("n1"), summary("n2"), summary("n3", off), summary("n4", { stale }), summary("n5")],
  );
  const { code, stdout } = await run(["power", "status"], { "GET /api/v1/nodes": nodes });
  assert.equal(code, 0);
  assert.deepEqual(stdout.split("\n").map((line) => line.trim().split(/ {2,}/)), [
    ["POWER", "COUNT", "NODES"],
    ["POWER_ON", "3", "n[1-2,5]"],
    ["POWER_OFF", "1", "n3"],
    ["POWER_ON STALE", "1", "n4"],
    [""],
  ]);
});

test("krakenctl power on and off say what machines are to be, and dry runs ask for no more than that", async () => {
  for (const [verb, physState] of [["on", "POWER_ON"], ["off", "POWER_OFF"]] as const) {
    const { code, received, lines } = await run(["power", verb, "n1"], {
      "PATCH /api/v1/nodes?nodeset=n1": { json: answer([change("n1")]) },
    });
    assert.equal(code, 0);
    assert.deepEqual(lines, ["PATCH /api/v1/nodes?nodeset=n1"]);
    assert.deepEqual(received[0]?.body, { physState });
  }
  const dry = await run(["power", "off", "n1", "--dry-run"], {
    "PATCH /api/v1/nodes?nodeset=n1&dryRun=true": { json: answer([change("n1")]) },
  });
  assert.deepEqual([dry.code, dry.lines], [0, ["PATCH /api/v1/nodes?nodeset=n1&dryRun=true"]]);
});

test("krakenctl power cycle, reset and nmi order something once, before it is a goal to have it done", async () => {
  const goals = { cycle: { physState: "POWER_ON" }, reset: { physState: "POWER_ON" }, nmi: {} };
  for (const [verb, goal] of Object.entries(goals)) {
    const groups = [group("n1", 1, bringUp), group("n2", 1, without("powerman has nothing for it"))];
    const replies: { readonly [line: string]: Reply } = {
      "GET /api/v1/nodes?nodeset=n[1-2]": listed(summary("n1"), summary("n2")),
      "PATCH /api/v1/nodes/id-of-n1/dsc": { json: { id: "id-of-n1", name: "n1", dsc: {} } },
      "PATCH /api/v1/nodes/id-of-n2/dsc": { json: { id: "id-of-n2", name: "n2", dsc: {} } },
      "PATCH /api/v1/nodes?nodeset=n[1-2]": { json: answer([change("n1"), change("n2")], groups) },
    };
    const { code, stdout, received, lines } = await run(["power", verb, "n[1-2]"], replies);
    assert.equal(code, 0);
    assert.match(
      stdout,
      new RegExp(`^2 nodes \\(n\\[1-2\\]\\): ${verb.toUpperCase()} ordered\n\nPlans:\n1 node \\(n1\\): 3 steps`),
    );
    assert.match(stdout, /\n1 node \(n2\): no plan: powerman has nothing for it\n$/);
    const told: unknown = JSON.parse((await run(["power", verb, "n[1-2]", "-o", "json"], replies)).stdout);
    assert.deepEqual(told, { order: verb.toUpperCase(), nodes: ["n1", "n2"], groups });
    assert.deepEqual(lines.slice(1), [
      "PATCH /api/v1/nodes/id-of-n1/dsc",
      "PATCH /api/v1/nodes/id-of-n2/dsc",
      "PATCH /api/v1/nodes?nodeset=n[1-2]",
    ]);
    assert.deepEqual(received[1]?.body, { power: { order: verb.toUpperCase() } });
    assert.deepEqual(received[3]?.body, { power: { order: "DONE" }, ...goal });
  }
});

test("krakenctl power reset and nmi order nothing where one of the machines is off", async () => {
  for (const verb of ["reset", "nmi"]) {
    const { code, stderr, lines } = await run(["power", verb, "n[1-2]"], {
      "GET /api/v1/nodes?nodeset=n[1-2]": listed(summary("n1"), summary("n2", off)),
    });
    assert.equal(code, 1);
    assert.match(stderr, /'n2' is off: expected a machine that is on\..*\nNothing was ordered\n$/);
    assert.equal(lines.length, 1);
  }
});

test("krakenctl power cycle --dry-run orders nothing, and shows the plan that the order would make", async () => {
  const { code, stdout, received, lines } = await run(["power", "cycle", "n[1-2]", "--dry-run"], {
    "GET /api/v1/nodes?nodeset=n[1-2]": listed(summary("n1"), summary("n2", off)),
    "POST /api/v1/selection/patch?dryRun=true": { json: answer([], [group("n1", 1, bringUp)]) },
  });
  assert.equal(code, 0);
  assert.match(stdout, /^2 nodes \(n\[1-2\]\): would get the order CYCLE\n\nPlans:\n1 node \(n1\): 3 steps/);
  assert.match(stdout, /\n\nDry run: nothing was changed\n$/);
  assert.equal(lines.length, 2);
  assert.deepEqual(received[1]?.body, {
    nodeset: "n[1-2]",
    patch: { power: { order: "DONE" }, physState: "POWER_ON" },
    reported: { power: { order: "CYCLE" } },
  });
});

test("krakenctl power without a verb that it knows exits with 2, and names those that there are", async () => {
  const { code, stderr } = await run(["power", "toggle", "n1"], {});
  assert.equal(code, 2);
  assert.match(stderr, /expected 'power status' or 'power on' or 'power off' or 'power cycle'/);
});

test("krakenctl led says what the identify LEDs of machines are to be", async () => {
  for (const [verb, led] of [["on", "ON"], ["off", "OFF"], ["blink", "BLINKING"]] as const) {
    const { code, received, lines } = await run(["led", verb, "n1"], {
      "PATCH /api/v1/nodes?nodeset=n1": { json: answer([change("n1")]) },
    });
    assert.deepEqual([code, lines], [0, ["PATCH /api/v1/nodes?nodeset=n1"]]);
    assert.deepEqual(received[0]?.body, { bmc: { led } });
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { runKrakenctl } from "./run_krakenctl.ts";
import { summary } from "./samples.ts";
import { type Reply, startStandIn } from "./stand_in_server.ts";

async function run(args: readonly string[], replies: { readonly [line: string]: Reply }) {
  await using server = await startStandIn((line) => replies[line]);
  const ended = await runKrakenctl(args, server.url);
  return { ...ended, lines: server.received.map(({ line }) => line) };
}

const entry = {
  id: "1",
  log: "SEL",
  time: "2026-12-01T03:05:00.000Z",
  severity: "Warning",
  message: "Fan\u001b[2J failed",
};
const log = (name: string, entries: readonly object[]): Reply => ({ json: { id: `id-of-${name}`, name, entries } });
const nodes = (...names: readonly string[]): Reply => ({
  json: { nodes: [summary("rack1", { kind: "aggregator" }), ...names.map((name) => summary(name))] },
});

test("krakenctl bmc log shows the logs of machines as a table, with nothing in it that moves the cursor", async () => {
  const { code, stdout, lines } = await run(["bmc", "log", "n[1-2]", "-n", "5"], {
    "GET /api/v1/nodes?nodeset=n[1-2]": nodes("n1", "n2"),
    "GET /api/v1/nodes/id-of-n1/bmc/log?count=5": log("n1", [entry, { id: "2", log: "SEL", message: "Booted" }]),
    "GET /api/v1/nodes/id-of-n2/bmc/log?count=5": log("n2", []),
  });
  assert.equal(code, 0);
  assert.equal(lines.length, 3);
  assert.deepEqual(stdout.split("\n").map((line) => line.trim().split(/ {2,}/)), [
    ["NODE", "TIME", "LOG", "SEVERITY", "MESSAGE"],
    ["n1", "2026-12-01T03:05:00.000Z", "SEL", "Warning", "Fan?[2J failed"],
    ["n1", "-", "SEL", "-", "Booted"],
    ["n2", "-", "-", "-", "(no entries)"],
    [""],
  ]);
});

test("krakenctl bmc log shows what it has, and tells of the controllers that it has nothing of", async () => {
  const detail = "Cannot read the event log of 'n1': it does not answer";
  const { code, stdout, stderr } = await run(["bmc", "log", "n[1-2]", "-o", "json"], {
    "GET /api/v1/nodes?nodeset=n[1-2]": nodes("n1", "n2"),
    "GET /api/v1/nodes/id-of-n1/bmc/log?count=20": {
      status: 503,
      json: { type: "/problems/unavailable", title: "Service Unavailable", status: 503, detail },
    },
    "GET /api/v1/nodes/id-of-n2/bmc/log?count=20": log("n2", [entry]),
  });
  assert.equal(code, 1);
  assert.equal(stderr, `krakenctl: ${detail}\n`);
  assert.deepEqual(JSON.parse(stdout), [{ id: "id-of-n2", name: "n2", entries: [entry] }]);
});

test("krakenctl bmc log asks nobody for a number of entries that is none", async () => {
  for (const count of ["0", "101"]) {
    const { code, stderr, lines } = await run(["bmc", "log", "n1", "-n", count], {});
    assert.deepEqual([code, lines], [2, []]);
    assert.match(stderr, /expected a whole number from 1 to 100/);
  }
});

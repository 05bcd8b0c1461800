import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, bringUp, change, explanation, group, noPlan, nothing, summary } from "./samples.ts";
import { runKrakenctl, startKrakenctl } from "./run_krakenctl.ts";
import { openStream, problem, type Reply, startStandIn } from "./stand_in_server.ts";

/** The address of a server that has just gone. */
async function closedServer(): Promise<string> {
  const server = await startStandIn(() => undefined);
  await server[Symbol.asyncDispose]();
  return server.url;
}

/** Runs krakenctl against replies by request line. */
async function run(args: readonly string[], replies: { readonly [line: string]: Reply }, input = "") {
  await using server = await startStandIn((line) => replies[line]);
  const ended = await runKrakenctl(args, server.url, input);
  const { received } = server;
  return { ...ended, received, lines: received.map(({ line }) => line) };
}

const nodes = { json: { nodes: [summary("root", { kind: "aggregator" }), summary("n1"), summary("n2")] } };

test("krakenctl get nodes shows a table of the cluster's nodes, without the aggregator", async () => {
  const { code, stdout, stderr } = await run(["get", "nodes"], { "GET /api/v1/nodes": nodes });
  assert.deepEqual([code, stderr], [0, ""]);
  assert.deepEqual(stdout.split("\n"), [
    "NAME  PLATFORM  PHYS      RUN   PHASE      REASON",
    "n1    sim       POWER_ON  SYNC  converged",
    "n2    sim       POWER_ON  SYNC  converged",
    "2 nodes: 2 converged",
    "",
  ]);
});

test("krakenctl get nodes asks for a nodeset, and gives JSON and YAML", async () => {
  const line = "GET /api/v1/nodes?nodeset=n[1-2]";
  const json = await run(["get", "nodes", "n[1-2]", "-o", "json"], { [line]: nodes });
  assert.deepEqual(JSON.parse(json.stdout), nodes.json.nodes);
  const yaml = await run(["-o", "yaml", "get", "nodes", "n[1-2]"], { [line]: nodes });
  assert.match(yaml.stdout, /^- id: id-of-root\n {2}name: root\n/);
});

test("krakenctl's YAML is read alike by readers of YAML 1.1, to whom NO and OFF are false", async () => {
  const { stdout } = await run(["get", "nodes", "n1", "-o", "yaml"], {
    "GET /api/v1/nodes?nodeset=n1": { json: { nodes: [{ ...summary("n1"), reason: "NO" }] } },
  });
  assert.match(stdout, /reason: "NO"/);
});

test("krakenctl get node gives everything that the server says of it", async () => {
  const engine = { phase: "working", running: [] };
  const node = {
    ...summary("n1"),
    cfg: { platform: "sim" },
    inherited: {},
    dsc: {},
    version: "0.1.2",
    engine,
    later: "unknown here",
  };
  const { code, stdout } = await run(["get", "node", "n1", "-o", "json"], { "GET /api/v1/nodes/n1": { json: node } });
  assert.deepEqual([code, JSON.parse(stdout)], [0, node]);
});

test("krakenctl plan shows the plan, and exits with 1 when there is none", async () => {
  const plans = (plan: unknown): Reply => ({ json: { plans: [{ id: "id-of-n1", name: "n1", plan }] } });
  const found = await run(["plan", "n1"], { "GET /api/v1/plan?nodeset=n1": plans(bringUp) });
  assert.equal(found.code, 0);
  assert.match(found.stdout, /^n1: 3 steps\n {2}1\. {2}simpower\/power-on/);
  const none = await run(["plan", "n1"], { "GET /api/v1/plan?nodeset=n1": plans(noPlan) });
  assert.deepEqual([none.code, none.stdout], [1, `n1: no plan: ${noPlan.ok ? "" : noPlan.reason}\n`]);
});

test("krakenctl set sends one merge patch for desired values, and reports observed ones", async () => {
  const { code, stdout, received, lines } = await run(
    ["set", "n[1-2]", "/physState=POWER_ON", "/services/a/state=", "/busy=BUSY"],
    {
      "PATCH /api/v1/nodes?nodeset=n[1-2]": { json: answer([change("n1"), change("n2")]) },
      "GET /api/v1/nodes?nodeset=n[1-2]": { json: { nodes: [summary("n1"), summary("n2")] } },
      "PATCH /api/v1/nodes/id-of-n1/dsc": { json: { id: "id-of-n1", name: "n1", dsc: {} } },
      "PATCH /api/v1/nodes/id-of-n2/dsc": { json: { id: "id-of-n2", name: "n2", dsc: {} } },
    },
  );
  assert.equal(code, 0, stdout);
  assert.deepEqual(lines, [
    "GET /api/v1/nodes?nodeset=n[1-2]",
    "PATCH /api/v1/nodes?nodeset=n[1-2]",
    "PATCH /api/v1/nodes/id-of-n1/dsc",
    "PATCH /api/v1/nodes/id-of-n2/dsc",
  ]);
  assert.deepEqual(received[1]?.body, { physState: "POWER_ON", services: { a: { state: null } } });
  assert.equal(received[1]?.headers["content-type"], "application/merge-patch+json");
  assert.deepEqual(received[2]?.body, { busy: "BUSY" });
  assert.match(stdout, /^n\[1-2\]: changed\n {2}\/physState: POWER_OFF -> POWER_ON\n/);
  assert.match(stdout, /\n2 nodes: 0 created, 2 changed, 0 unchanged\n2 nodes: \/busy reported\n$/);
});

test("krakenctl set --dry-run asks the server for a dry run and reports nothing", async () => {
  const { code, lines } = await run(["set", "n1", "/physState=POWER_ON", "/busy=BUSY", "--dry-run"], {
    "PATCH /api/v1/nodes?nodeset=n1&dryRun=true": { json: answer([change("n1")]) },
    "GET /api/v1/nodes?nodeset=n1": { json: { nodes: [summary("n1")] } },
  });
  assert.equal(code, 0);
  assert.deepEqual(lines, ["GET /api/v1/nodes?nodeset=n1", "PATCH /api/v1/nodes?nodeset=n1&dryRun=true"]);
});

test("krakenctl prints every problem that the server names, and exits with 1", async () => {
  const { code, stdout, stderr } = await run(["set", "n1", "/odd/a=1", "/odd/b=2"], {
    "PATCH /api/v1/nodes?nodeset=n1": problem(422, "2 problems", ["'/odd/a' is no variable", "'/odd/b' is none"]),
  });
  assert.deepEqual([code, stdout, stderr], [1, "", "krakenctl: '/odd/a' is no variable\n'/odd/b' is none\n"]);
});

test("krakenctl exits with 2 on a usage error, before it asks the server for anything", async () => {
  const server = await closedServer();
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /^Usage: krakenctl COMMAND/],
    [["get", "nods"], /^krakenctl: Unknown command 'get nods': expected 'get nodes' or 'get node'\n/],
    [["evnts"], /^krakenctl: Unknown command 'evnts': did you mean 'events'\?\n/],
    [["plan"], /^krakenctl: Expected NODESET: found nothing\nSee `krakenctl plan --help`\n$/],
    [["set", "n1", "/physState=ON"], /^krakenctl: \/physState is "ON": expected one of PHYS_UNKNOWN, POWER_OFF,/],
    [["apply"], /^krakenctl: Option '--file' is missing/],
    [["get", "nodes", "--outptu", "json"], /^krakenctl: Unknown option '--outptu': did you mean '--output'\?\n/],
    [["--server", "nowhere", "get", "nodes"], /^krakenctl: Option '--server' is 'nowhere': expected a URL such as/],
    [["watch", "-o", "json"], /^krakenctl: Option '--output' is 'json': expected table/],
  ];
  const results = await Promise.all(cases.map(([args]) => runKrakenctl(args, server)));
  for (const [index, { code, stdout, stderr }] of results.entries()) {
    const [args, expected] = cases[index] ?? [[], /$^/];
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.match(stderr, expected);
  }
});

test("krakenctl exits with 3 and says what to do when the server can't be reached", async () => {
  const server = await closedServer();
  for (const args of [["get", "nodes"], ["events", "-f"], ["watch"]]) {
    const { code, stdout, stderr } = await runKrakenctl(args, server);
    assert.deepEqual([code, stdout], [3, ""]);
    assert.ok(
      stderr.startsWith(
        `krakenctl: Cannot reach ${server}: is the aggregator running? Start one with \`npm run demo\`\n`,
      ),
      stderr,
    );
  }
});

test("krakenctl gives up on a silent server after --timeout and exits with 3", async () => {
  const { code, stderr } = await run(["get", "nodes", "--timeout", "200ms"], {
    "GET /api/v1/nodes": { write: () => {} },
  });
  assert.equal(code, 3);
  assert.match(stderr, /^krakenctl: No answer from http:\S+ within 200ms\n$/);
});

test("krakenctl says that a change without an answer may have been made, and a dry run not", async () => {
  const hang = { write: () => {} };
  const silent = { "PATCH /api/v1/nodes?nodeset=n1": hang, "PATCH /api/v1/nodes?nodeset=n1&dryRun=true": hang };
  const set = ["set", "n1", "/physState=POWER_ON", "--timeout", "200ms"];
  const { code, stderr } = await run(set, silent);
  assert.equal(code, 3);
  assert.match(stderr, /No answer from \S+ within 200ms\n {2}The change may have been made all the same: look/);
  assert.doesNotMatch((await run([...set, "--dry-run"], silent)).stderr, /may have been made/);
  assert.doesNotMatch((await runKrakenctl(set, await closedServer())).stderr, /may have been made/);
});

test("krakenctl does not say that it cannot reach a server that took a change and went away", async () => {
  const { code, stderr } = await run(["set", "n1", "/physState=POWER_ON"], {
    "PATCH /api/v1/nodes?nodeset=n1": { write: (response) => void response.destroy() },
  });
  assert.equal(code, 3);
  assert.match(stderr, /^krakenctl: The connection to \S+ was lost before an answer came\n/);
  assert.match(stderr, /The change may have been made all the same: look/);
});

test("krakenctl shows the ETag of a dry run, and makes a change only under the one that it is given", async () => {
  const reply = { json: answer([change("n1")]), headers: { etag: '"0f1e"' } };
  const dry = await run(["set", "n1", "/physState=POWER_ON", "--dry-run"], {
    "PATCH /api/v1/nodes?nodeset=n1&dryRun=true": reply,
  });
  assert.match(dry.stdout, /\nTo change only what was shown here: --if-match 0f1e\n$/);
  const replies = {
    "PATCH /api/v1/nodes?nodeset=n1": reply,
    "DELETE /api/v1/nodes?nodeset=n1": { json: { deleted: [{ id: "1", name: "n1" }] } },
  };
  for (const args of [["set", "n1", "/physState=POWER_ON"], ["power", "on", "n1"], ["delete", "n1", "-y"]]) {
    const { received } = await run([...args, "--if-match", "0f1e"], replies);
    assert.equal(received[0]?.headers["if-match"], '"0f1e"', args.join(" "));
    const always = await run([...args, "--if-match", "*"], replies);
    assert.equal(always.received[0]?.headers["if-match"], "*");
  }
});

test("krakenctl events says which events are not kept any more", async () => {
  const page = { events: [], droppedUpTo: 12 };
  const { code, stderr } = await run(["events"], { "GET /api/v1/events?after=0": { json: page } });
  assert.equal(code, 0);
  assert.equal(stderr, "krakenctl: Events up to 12 are not kept any more, as the log is full\n");
});

test("krakenctl exits with 1 when the answer is not what an aggregator says", async () => {
  const html = await run(["get", "nodes"], {
    "GET /api/v1/nodes": { write: (response) => void response.end("<html>") },
  });
  assert.equal(html.code, 1);
  assert.match(html.stderr, /it is not JSON \(HTTP status 200\): is this a Kraken aggregator\?\n$/);
  const odd = await run(["get", "nodes"], {
    "GET /api/v1/nodes": { json: { nodes: [{ ...summary("n1"), name: 7 }] } },
  });
  assert.equal(odd.code, 1);
  assert.match(odd.stderr, /nodes\.0\.name is 7: expected string\n$/);
});

const inventory = `
cluster: demo
nodes:
  - nodes: n[1-2]
    platform: sim
    parent: root
    desired: { physState: POWER_ON, runState: SYNC }
`;
const engineOf = (cluster: string): Reply => ({
  json: {
    ...{ cluster, name: "root", version: "1", frozen: false, nodes: 2, converged: 2 },
    counts: { plans: 0, mutations: 0, retries: 0, failures: 0, late: 0, waiting: 0 },
  },
});
const demo = engineOf("demo");

test("krakenctl apply sends the inventory and shows what changes and the plans", async () => {
  const { code, stdout, received } = await run(["apply", "-f", "-"], {
    "GET /api/v1/engine": demo,
    "POST /api/v1/apply": {
      json: answer([change("n1", { created: true }), change("n2", { created: true })], [group("n[1-2]", 2, bringUp)]),
    },
  }, inventory);
  assert.equal(code, 0);
  const cfg = { parent: "root", physState: "POWER_ON", platform: "sim", runState: "SYNC" };
  assert.deepEqual(received[1]?.body, { nodes: [{ name: "n1", cfg }, { name: "n2", cfg }] });
  assert.match(stdout, /^n\[1-2\]: created\n/);
  assert.match(stdout, /\n2 nodes \(n\[1-2\]\): 3 steps; about 1 min\n {2}1\. {2}simpower\/power-on /);
  assert.match(stdout, /\n2 nodes: 2 created, 0 changed, 0 unchanged\n$/);
});

test("krakenctl apply refuses a file with problems, each with its line, and asks the server for nothing", async () => {
  const { code, stderr, received } = await run(["apply", "-f", "-"], {}, inventory.replace("POWER_ON", "ON"));
  assert.deepEqual([code, received.length], [1, 0]);
  assert.match(stderr, /^krakenctl: standard input: line 7: .*"ON": expected one of PHYS_UNKNOWN, POWER_OFF/);
  const missing = await run(["apply", "-f", "/nowhere/cluster.yaml"], {});
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /^krakenctl: Cannot read '\/nowhere\/cluster\.yaml': /);
});

test("krakenctl apply refuses a file that is for another cluster", async () => {
  const { code, stderr, lines } = await run(["apply", "-f", "-"], {
    "GET /api/v1/engine": engineOf("production"),
  }, inventory);
  assert.deepEqual([code, lines], [1, ["GET /api/v1/engine"]]);
  assert.match(
    stderr,
    /^krakenctl: standard input: cluster is "demo": the aggregator at http\S+ serves "production"\n$/,
  );
});

/** Applies with --wait against nodes whose state is another one at each look. */
async function applyAndWait(states: readonly (readonly ReturnType<typeof summary>[])[], plans: readonly unknown[]) {
  let looks = 0;
  let asked = 0;
  await using server = await startStandIn((line) => {
    if (line === "GET /api/v1/engine") return demo;
    if (line === "POST /api/v1/apply") return { json: answer([change("n1"), change("n2")]) };
    if (line === "GET /api/v1/nodes") return { json: { nodes: states[Math.min(looks++, states.length - 1)] } };
    if (line !== "GET /api/v1/plan?nodeset=n[1-2]") return undefined;
    const plan = plans[Math.min(asked++, plans.length - 1)];
    return { json: { plans: ["n1", "n2"].map((name) => ({ id: name, name, plan })) } };
  });
  return { ...await runKrakenctl(["apply", "-f", "-", "--wait"], server.url, inventory), looks, asked };
}

test("krakenctl apply --wait waits until plans too say that nothing is left to do", async () => {
  const converged = [summary("n1"), summary("n2")];
  const working = [summary("n1"), summary("n2", { phase: "working" })];
  const { code, stdout, looks, asked } = await applyAndWait([converged, working, converged], [bringUp, nothing]);
  assert.deepEqual([code, looks, asked], [0, 3, 2]);
  assert.match(stdout, /\n\[#{30}\] 2\/2 100%\n2 nodes: 2 converged\n$/);
});

test("krakenctl apply --wait exits with 1 and the reasons when what is left is held up", async () => {
  const stuck = [summary("n1"), summary("n2", { phase: "stuck", reason: "no answer from its BMC" })];
  const { code, stderr } = await applyAndWait([stuck], [nothing]);
  assert.deepEqual([code, stderr], [1, "krakenctl: n2 will not converge: stuck (no answer from its BMC)\n"]);
});

test("krakenctl freeze, thaw and retry ask for what they say", async () => {
  const frozen = await run(["freeze"], { "POST /api/v1/engine/freeze": demo });
  assert.deepEqual([frozen.code, frozen.stdout, frozen.received[0]?.body], [0, "Everything: frozen\n", {}]);
  const thawed = await run(["thaw", "n1"], { "POST /api/v1/engine/thaw": demo });
  assert.deepEqual([thawed.code, thawed.stdout, thawed.received[0]?.body], [0, "n1: thawed\n", { nodeset: "n1" }]);
  const retried = await run(["retry", "n1"], {
    "GET /api/v1/nodes?nodeset=n1": { json: { nodes: [summary("n1")] } },
    "POST /api/v1/nodes/id-of-n1/retry": { json: { id: "id-of-n1", name: "n1" } },
  });
  assert.deepEqual([retried.code, retried.stdout], [0, "1 node: retried\n"]);
});

function event(id: number, node = "n1", kind = "started") {
  return { id, time: "2026-01-01T00:00:00.000Z", node, kind, mutation: "simpower/power-on", why: "to reach POWER_ON" };
}
function sse(id: number, node?: string): string {
  return `id: ${id}\nevent: started\ndata: ${JSON.stringify(event(id, node))}\n\n`;
}

test("krakenctl events reads page after page of the nodes that are asked for", async () => {
  const { code, stdout, lines } = await run(["events", "n1", "--after", "3"], {
    "GET /api/v1/events?nodeset=n1&after=3": { json: { events: [event(4)] } },
    "GET /api/v1/events?nodeset=n1&after=4": { json: { events: [event(6, "n1", "done")] } },
    "GET /api/v1/events?nodeset=n1&after=6": { json: { events: [] } },
  });
  assert.deepEqual([code, lines.length], [0, 3]);
  assert.deepEqual(stdout.split("\n"), [
    "    4  2026-01-01T00:00:00.000Z  n1        started    simpower/power-on: to reach POWER_ON",
    "    6  2026-01-01T00:00:00.000Z  n1        done       simpower/power-on: to reach POWER_ON",
    "",
  ]);
});

test("krakenctl sends a selection that is too long for a URL in the body, whatever it is to do with it", async () => {
  const names = Array.from({ length: 300 }, (_, at) => `node-${at * 7919 % 100_003}-ib0`);
  const nodeset = names.join(",");
  const of = (what: string) => `POST /api/v1/selection/${what}`;
  const plan = { ok: true, steps: [], cost: 0, duration: 0, suspended: [] };
  const cases: readonly [string[], string[], { [line: string]: unknown }, unknown][] = [
    [["get", "nodes", nodeset], [of("nodes")], { nodes: [summary("n1")] }, { nodeset }],
    [["set", nodeset, "/platform=x"], [of("patch")], answer([change("n1")]), { nodeset, patch: { platform: "x" } }],
    [["plan", nodeset], [of("plan")], { plans: [{ id: "a", name: "n1", plan }] }, { nodeset }],
    [["delete", nodeset, "-y"], [of("delete")], { deleted: [{ id: "a", name: "n1" }] }, { nodeset }],
    [["events", nodeset], [of("events?after=0")], { events: [] }, { nodeset }],
    [["explain", nodeset], [of("explain")], { explanations: [] }, { nodeset }],
    [
      ["explain", nodeset, "/platform=x"],
      [of("explain-change")],
      { explanations: [] },
      { nodeset, patch: { platform: "x" } },
    ],
  ];
  for (const [args, asked, json, body] of cases) {
    const { code, stdout, stderr, lines, received } = await run(args, { [asked[0] ?? ""]: { json } });
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(lines, asked);
    assert.deepEqual(received[0]?.body, body);
  }
});

test("krakenctl does nothing to nodes that it can't list first, where it has to", async () => {
  for (const more of [["--wait"], ["/busy=BUSY"]]) {
    const { code, lines } = await run(["set", "n1", "/physState=POWER_ON", ...more], {
      "GET /api/v1/nodes?nodeset=n1": problem(404, "No nodes n1"),
      "PATCH /api/v1/nodes?nodeset=n1": { json: answer([change("n1")]) },
    });
    assert.deepEqual([code, lines], [1, ["GET /api/v1/nodes?nodeset=n1"]]);
  }
});

test("krakenctl refuses a URL that one command sets twice, before it asks the server for anything", async () => {
  const twice = ["/physState=POWER_ON", "/physState=POWER_OFF"];
  for (
    const [args, expected] of [
      [["set", "n1", ...twice], /'\/physState' is set twice: expected one value/],
      [["set", "n1", "/physState=POWER_ON", "/physState=POWER_ON"], /set twice/],
      [["explain", "n1", ...twice], /set twice/],
      [
        ["set", "n1", "/services/a=", "/services/a/state=RUN"],
        /'\/services\/a' and '\/services\/a\/state' are both set/,
      ],
      [["adopt", "52:54:00:77:00:07", "--as", "n7", "--address", "10.0.0.1", "/ipv4/address=10.0.0.2"], /set twice/],
    ] as const
  ) {
    const { code, stderr, lines } = await run(args, {});
    assert.deepEqual([code, lines], [2, []]);
    assert.match(stderr, expected);
  }
});

test("krakenctl events -f resumes after a lost connection with the last id that it saw, until it is ended", async () => {
  let streams = 0;
  await using server = await startStandIn((line) => {
    if (line !== "GET /api/v1/events") return undefined;
    streams++;
    if (streams > 1) return { write: (response) => openStream(response, sse(3)) };
    return {
      write(response) {
        openStream(response, sse(1) + sse(2));
        response.end();
      },
    };
  });
  const running = startKrakenctl(["events", "-f", "-o", "json"], server.url);
  await running.waitFor((stdout) => stdout.includes('"id":3'));
  running.signal("SIGINT");
  const { code, stdout, stderr } = await running.ended;
  assert.equal(code, 0);
  assert.deepEqual(stdout.trim().split("\n").map((line) => JSON.parse(line).id), [1, 2, 3]);
  assert.deepEqual(server.received.map(({ headers }) => headers["last-event-id"]), [undefined, "2"]);
  assert.equal(stderr, "krakenctl: Lost the connection: trying again\nkrakenctl: Connected again\n");
});

test("krakenctl watch looks again when something happens, until it is ended", async () => {
  let looks = 0;
  await using server = await startStandIn((line) => {
    if (line === "GET /api/v1/events") return { write: (response) => openStream(response, sse(1)) };
    if (line !== "GET /api/v1/nodes") return undefined;
    return { json: { nodes: [summary("n1", looks++ === 0 ? { phase: "working" } : {})] } };
  });
  const running = startKrakenctl(["watch"], server.url);
  await running.waitFor((stdout) => stdout.includes("1 node: 1 converged"));
  running.signal("SIGTERM");
  const { code, stdout } = await running.ended;
  assert.equal(code, 0);
  assert.match(stdout, /1 node: 1 working\n[^]*1 node: 1 converged\n$/);
});

test("krakenctl explain asks for a nodeset, and with values for what would be done to reach them", async () => {
  const reply: Reply = { json: { explanations: [explanation("n1"), explanation("n2")] } };
  const plain = await run(["explain", "n[1-2]"], { "GET /api/v1/explain?nodeset=n[1-2]": reply });
  assert.deepEqual([plain.code, plain.stdout], [0, "n[1-2] need nothing: they are at their goal.\n"]);
  const json = await run(["explain", "n1", "-o", "json"], { "GET /api/v1/explain?nodeset=n1": reply });
  assert.deepEqual(JSON.parse(json.stdout).length, 2);
  const asked = await run(["explain", "n1", "/physState=POWER_OFF"], { "POST /api/v1/explain?nodeset=n1": reply });
  assert.deepEqual([asked.code, asked.received[0]?.body], [0, { physState: "POWER_OFF" }]);
  const noPlan = { kind: "conflict" as const, goals: [], reason: "Cannot reach a and b at once" };
  const blocked: Reply = { json: { explanations: [explanation("n1"), explanation("n2", { noPlan })] } };
  const none = await run(["explain", "n[1-2]"], { "GET /api/v1/explain?nodeset=n[1-2]": blocked });
  assert.equal(none.code, 1, "as plan does");
  assert.match(none.stdout, /n2: there is no way/);
  const odd = await run(["explain", "n1", "/busy=BUSY"], {});
  assert.deepEqual([odd.code, odd.received.length], [2, 0]);
  assert.match(odd.stderr, /\/busy is no goal/);
});

test("krakenctl explain asks those who serve the nodes, and keeps what was said first where they do not answer", async () => {
  const why = "service/start{name=web} waits at limit 'few'";
  const rack = await startStandIn(() => ({ json: { explanations: [explanation("n1", { phase: "waiting", why })] } }));
  const gone = await startStandIn(() => undefined);
  await gone[Symbol.asyncDispose]();
  try {
    const reply: Reply = {
      json: {
        explanations: [
          explanation("n1", { servedAt: `${rack.url}/` }),
          explanation("n2", { servedAt: gone.url }),
        ],
      },
    };
    const asked = await run(["explain", "n[1-2]", "-o", "json"], { "GET /api/v1/explain?nodeset=n[1-2]": reply });
    const shown: { readonly name: string; readonly phase: string }[] = JSON.parse(asked.stdout);
    assert.deepEqual(shown.map(({ name, phase }) => [name, phase]), [["n1", "waiting"], ["n2", "converged"]]);
    const patched = { "POST /api/v1/explain?nodeset=n[1-2]": reply };
    await run(["explain", "n[1-2]", "/physState=POWER_OFF"], patched);
    const sent = rack.received.map(({ line, body }) => [line, body]);
    assert.deepEqual(sent, [["GET /api/v1/explain?nodeset=n1", undefined], [
      "POST /api/v1/explain?nodeset=n1",
      { physState: "POWER_OFF" },
    ]]);
  } finally {
    await rack[Symbol.asyncDispose]();
  }
});

test("krakenctl graph writes what the server draws, Mermaid where nothing is said, and shows its problems", async () => {
  const text = (body: string): Reply => ({ write: (response) => void response.end(body) });
  const mermaid = await run(["graph", "n1"], {
    "GET /api/v1/nodes/n1/graph?format=mermaid": text("flowchart LR\n  a --> b\n"),
  });
  assert.deepEqual([mermaid.code, mermaid.stdout], [0, "flowchart LR\n  a --> b\n"]);
  const dot = await run(["graph", "n1", "-o", "dot"], {
    "GET /api/v1/nodes/n1/graph?format=dot": text("digraph { \x1b[2J }"),
  });
  assert.equal(dot.stdout, "digraph { ?[2J }\n");
  const none = await run(["graph", "n9"], {
    "GET /api/v1/nodes/n9/graph?format=mermaid": problem(404, "No node 'n9' in cluster 'demo'"),
  });
  assert.deepEqual([none.code, none.stderr], [1, "krakenctl: No node 'n9' in cluster 'demo'\n"]);
  assert.equal((await run(["graph", "n1", "-o", "yaml"], {})).code, 2);
});

test("krakenctl limits shows rules, who waits and what is held; release names what is tried again", async () => {
  const hold = {
    mutation: "simpower/power-on",
    goals: "0f",
    nodes: ["n1", "n2"],
    reason: "no answer",
    since: "2026-01-01T00:00:00.000Z",
  };
  const queue = [{ node: "n3", mutation: "simpower/power-on", since: "2026-01-01T00:00:00.000Z" }];
  const limits = {
    rules: { limits: { power: { mutations: ["simpower/power-on"], atMost: 2 } } },
    limits: [{ name: "power", group: "r1", inFlight: 2, holders: [], atMost: 2, waiting: 1, queue }],
    invariants: [{ name: "few", kind: "away", group: "", count: 0, holders: [], atMost: 3, waiting: 0, queue: [] }],
    holds: [hold],
  };
  const shown = await run(["limits"], { "GET /api/v1/limits": { json: limits } });
  assert.deepEqual(shown.stdout.split("\n"), [
    "Rules",
    '  /limits/power={"mutations":["simpower/power-on"],"atMost":2}',
    "",
    "NAME   KIND   GROUP  IN USE  AT MOST  A SECOND  WAITING  QUEUE",
    "power  limit  r1     2       2                  1        n3",
    "few    away          0       3                  0",
    "",
    "Held for the whole fleet",
    "  simpower/power-on since 2026-01-01T00:00:00.000Z: failed on 2 nodes in a row (n1, n2), last: no answer",
    "",
  ]);
  const empty = { rules: {}, limits: [], invariants: [], holds: [] };
  const none = await run(["limits"], { "GET /api/v1/limits": { json: empty } });
  assert.equal(none.stdout, "No limits and no invariants are set\n");
  const released = await run(["release"], { "POST /api/v1/engine/release": { json: { released: [hold] } } });
  assert.match(released.stdout, /^1 mutation: released\n {2}simpower\/power-on since /);
});

test("krakenctl delete asks at a terminal, and without one deletes nothing unless it is told not to ask", async () => {
  const replies = {
    "GET /api/v1/nodes?nodeset=n[1-2]": { json: { nodes: [summary("n1"), summary("n2")] } },
    "DELETE /api/v1/nodes?nodeset=n[1-2]": { json: { deleted: [{ id: "1", name: "n1" }, { id: "2", name: "n2" }] } },
  };
  const refused = await run(["delete", "n[1-2]"], replies);
  assert.deepEqual([refused.code, refused.lines], [1, ["GET /api/v1/nodes?nodeset=n[1-2]"]]);
  assert.match(refused.stderr, /There is no terminal to ask at: expected -y\. Nothing was deleted/);
  const done = await run(["delete", "n[1-2]", "-y"], replies);
  assert.deepEqual([done.code, done.stdout, done.lines], [0, "2 nodes: deleted\n", [
    "DELETE /api/v1/nodes?nodeset=n[1-2]",
  ]]);
});

test("krakenctl tree shows aggregators below their parents, with their health", async () => {
  const counts = { nodes: 8, converged: 4, sync: 4, failed: 0, stale: 4, aggregators: 1, lost: 1 };
  const entry = {
    id: "id-of-root",
    name: "root",
    parent: "",
    broker: "",
    depth: 0,
    health: "DEGRADED",
    counts,
    link: "UP",
    api: "http://127.0.0.1:1",
    standby: "",
  };
  const stale = { since: "2026-01-01T00:00:00.000Z", aggregator: "rack1" };
  const lost = { ...entry, name: "rack1", depth: 1, health: "LOST", standby: "spare", stale };
  const shown = await run(["tree"], { "GET /api/v1/tree": { json: { aggregators: [entry, lost] } } });
  assert.deepEqual(shown.stdout.split("\n"), [
    "AGGREGATOR  HEALTH    NODES  CONVERGED  SYNC  FAILED  STALE  STANDBY  API                 NOTE",
    "root        DEGRADED      8          4     4       0      4           http://127.0.0.1:1",
    "  rack1     LOST          8          4     4       0      4  spare    http://127.0.0.1:1  rack1 is not heard since 2026-01-01T00:00:00.000Z",
    "",
  ]);
});

test("krakenctl discovered lists machines that nobody knows, and says how one is adopted", async () => {
  const machine = {
    ...{ mac: "52:54:00:77:00:07", asked: "dhcp discover", arch: "bios", count: 3 },
    ...{ first: "2026-01-01T00:00:00.000Z", last: "2026-01-01T00:00:09.000Z" },
  };
  const answer = { aggregator: "rack1", boots: true, machines: [machine] };
  const shown = await run(["discovered"], { "GET /api/v1/discovered": { json: answer } });
  assert.deepEqual(shown.stdout.split("\n"), [
    "MAC                ARCH  ASKED          SEEN  LAST                      UUID  VENDOR CLASS",
    "52:54:00:77:00:07  bios  dhcp discover  3 x   2026-01-01T00:00:09.000Z",
    "Make one a node: krakenctl adopt 52:54:00:77:00:07 --as NAME",
    "",
  ]);
  const none = await run(["discovered"], { "GET /api/v1/discovered": { json: { ...answer, machines: [] } } });
  assert.equal(none.stdout, "'rack1' has not seen a machine that it does not know\n");
  const off = await run(["discovered"], {
    "GET /api/v1/discovered": { json: { ...answer, boots: false, machines: [] } },
  });
  assert.equal(off.stdout, "No machine boots from 'rack1': it was started without --boot-address\n");
  const data = await run(["discovered", "-o", "json"], { "GET /api/v1/discovered": { json: answer } });
  assert.deepEqual(JSON.parse(data.stdout), answer);
});

test("krakenctl adopt sends name, address and values, and says what the machine is now", async () => {
  const differences = [{ url: "/name", to: "n7" }, { url: "/ipv4/mac", to: "52:54:00:77:00:07" }];
  const json = { mac: "52:54:00:77:00:07", ...change("n7", { created: true, differences }) };
  const path = "POST /api/v1/discovered/52%3A54%3A00%3A77%3A00%3A07/adopt";
  const args = ["adopt", "52-54-00-77-00-07", "--as", "n7", "--address", "10.77.0.17", "/platform=redfish"];
  const shown = await run(args, { [path]: { status: 201, json } });
  assert.deepEqual(shown.received.map(({ body }) => body), [{
    name: "n7",
    ipv4: { address: "10.77.0.17" },
    platform: "redfish",
  }]);
  assert.deepEqual(shown.stdout.split("\n"), [
    "52:54:00:77:00:07 is n7 now, a new node",
    "  /ipv4/mac = 52:54:00:77:00:07",
    "Say what it should be: krakenctl set n7 /platform=... /runState=SYNC",
    "",
  ]);
  const subnet = await run(["adopt", "52:54:00:77:00:07", "--as", "n7", "--subnet", "10.77.0.0/24"], {
    [`${path}?subnet=10.77.0.0/24`]: { json: { ...json, created: false } },
  });
  assert.match(subnet.stdout, /^52:54:00:77:00:07 is the machine of n7 now\n/);
  for (
    const [wrong, expected] of [
      [["adopt", "x", "--as", "n7"], /Cannot read 'x': expected a MAC address/],
      [["adopt", "52:54:00:77:00:07"], /Option '--as' is missing/],
      [["adopt", "52:54:00:77:00:07", "--as", "n 7"], /'--as' is 'n 7': expected a name/],
      [["adopt", "52:54:00:77:00:07", "--as", "n7", "--address", "10.77.0"], /expected an IPv4 address/],
      [["adopt", "52:54:00:77:00:07", "--as", "n7", "--subnet", "10.77.0.0"], /expected a network/],
      [["adopt", "52:54:00:77:00:07", "--as", "n7", "--subnet", "10.0.0.0/8", "--address", "10.0.0.1"], /found both/],
    ] as const
  ) {
    const refused = await run(wrong, {});
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, expected);
  }
});

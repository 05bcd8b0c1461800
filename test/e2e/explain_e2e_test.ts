import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as v from "valibot";
import { changeList, explanation, limits as limitsShape, nodeList } from "../../src/api/mod.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { runKrakenctl } from "../ctl/run_krakenctl.ts";
import { type Lab, withLab } from "./lab.ts";

async function explained(lab: Lab, name: string) {
  return v.parse(explanation, (await lab.request("GET", `/nodes/${name}/explain`)).body);
}

async function ctl(lab: Lab, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runKrakenctl(args, lab.cluster.api);
  assert.equal(code, 0, `krakenctl ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

test("a limit of one power-on at a time: explain shows the queue, and all nodes converge", async () => {
  await withLab({ count: 4, behaviour: { resetDelay: { min: 1500, mode: 1600, max: 1800 } } }, async (lab) => {
    const wrong = await runKrakenctl(
      ["set", "root", '/limits/power={"mutations":["power-on"],"atMost":1}'],
      lab.cluster.api,
    );
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /root: \/limits\/power\/mutations is "power-on": expected "module\/id"/);
    await ctl(lab, "set", "root", '/limits/power={"mutations":["simpower/power-on"],"atMost":1}');
    await lab.askForSync();
    const { limits } = await waitFor("three wait at the limit", async () => {
      const all = v.parse(limitsShape, (await lab.request("GET", "/limits")).body);
      return all.limits.some(({ waiting }) => waiting === 3) ? all : undefined;
    });
    const [power] = limits;
    assert.deepEqual([power?.name, power?.inFlight, power?.atMost], ["power", 1, 1]);
    const last = power?.queue.at(-1)?.node ?? "";
    const { phase, steps } = await explained(lab, last);
    assert.equal(phase, "waiting");
    const state = steps[0]?.state;
    assert.ok(state?.kind === "waiting" && state.blocker.kind === "limit", JSON.stringify(state));
    assert.equal(state.blocker.limit, "power");
    const prose = await ctl(lab, "explain", last);
    assert.match(prose, new RegExp(`^${last} waits on the way to /physState=POWER_ON`));
    assert.match(
      prose,
      /1\. simpower\/power-on \(powers the machine on\): waits at limit 'power' \(1 of 1 in flight: n\d; /,
    );
    assert.match(prose, /\d(st|nd|rd) in the queue/);
    assert.match(await ctl(lab, "limits"), /^Rules\n {2}\/limits\/power=/);
    await lab.converge();
    for (const name of lab.names) assert.equal((await lab.power(name)).powerOn, 1);
    assert.match(await ctl(lab, "explain", "n[1-4]"), /^n\[1-4\] need nothing: they are at their goal\.\n/);
  });
});

test("explain says what a busy node lacks; a dry run over all nodes groups them and touches nothing", async () => {
  await withLab({ count: 4 }, async (lab) => {
    await lab.askForSync();
    await lab.converge();
    await ctl(lab, "set", "n3", "/busy=BUSY");
    await ctl(lab, "freeze", "n4");
    const before = v.parse(nodeList, (await lab.request("GET", "/nodes")).body);
    const cfgs = await Promise.all(
      lab.names.map(async (name) => (await lab.request("GET", `/nodes/${name}/cfg`)).body),
    );

    const dry = await lab.request("PATCH", "/nodes?nodeset=n[1-4]&dryRun=true", { physState: "POWER_OFF" });
    const { groups } = v.parse(changeList, dry.body);
    assert.deepEqual(groups.map(({ nodeset, count, ok }) => [nodeset, count, ok]), [["n[1-2,4]", 3, true], [
      "n3",
      1,
      false,
    ]]);
    assert.match(groups[0]?.summary ?? "", /service\/drain, simpower\/power-off; about .*; disruptive$/);
    assert.deepEqual([groups[0]?.frozen, groups[1]?.busy], ["n4", "n3"]);
    const prose = await ctl(lab, "set", "n[1-4]", "/physState=POWER_OFF", "--dry-run");
    assert.match(prose, /\n3 nodes \(n\[1-2,4\]\): \d steps: .*simpower\/power-off; about .*; disruptive\n/);
    assert.match(prose, /\n1 node \(n3\): no plan: .*\/busy is 'BUSY': must not be/);
    const args = ["explain", "n[1,3]", "/physState=POWER_OFF"];
    const { code, stdout: asked } = await runKrakenctl(args, lab.cluster.api);
    assert.equal(code, 1, "n3 has no way there");
    assert.match(asked, /^n1 would have to do this to reach \/physState=POWER_OFF:\n {2}1\. /);
    assert.match(asked, /\nn3: there is no way to /);

    const after = v.parse(nodeList, (await lab.request("GET", "/nodes")).body);
    assert.deepEqual(
      after.nodes.map(({ physState, runState, phase }) => [physState, runState, phase]),
      before.nodes.map(({ physState, runState, phase }) => [physState, runState, phase]),
    );
    assert.deepEqual(
      await Promise.all(lab.names.map(async (name) => (await lab.request("GET", `/nodes/${name}/cfg`)).body)),
      cfgs,
    );
    for (const name of lab.names) assert.equal((await lab.power(name)).powerOff, 0);

    await ctl(lab, "set", "n3", "/physState=POWER_OFF");
    await waitFor("n3 is blocked", async () => (await lab.node("n3")).phase === "blocked");
    const { noPlan } = await explained(lab, "n3");
    const achievers = noPlan?.kind === "unreachable" ? noPlan.achievers : [];
    const lacks = achievers.flatMap((each) => each.lacks.map(({ words }) => words));
    assert.ok(lacks.includes("/busy is 'BUSY': must not be"), JSON.stringify(noPlan));
    await ctl(lab, "set", "n3", "/busy=FREE");
    await waitFor("n3 is off", async () => (await lab.node("n3")).physState === "POWER_OFF");
    await ctl(lab, "delete", "n3", "-y");
    assert.equal((await lab.request("GET", "/nodes/n3")).status, 404);
  });
});

test("a stuck service: explain says why and since when, and retry heals it once its cause is gone", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-stuck-"));
  try {
    await withLab({ count: 1 }, async (lab) => {
      await lab.askForSync();
      await lab.converge();
      const script = join(folder, "late.sh");
      const config = { command: "sh", args: [script] };
      await lab.request("PATCH", "/nodes/n1/cfg", { services: { odd: { state: "RUN", config } } });
      const { agent, steps, at } = await waitFor("its agent has given up", async () => {
        const found = await explained(lab, "n1");
        return found.agent === undefined ? undefined : found;
      }, { limit: 90_000, every: 250 });
      assert.match(agent?.mutation ?? "", /\{name=odd\}$/);
      assert.match(agent?.reason ?? "", /\S/);
      const age = Date.parse(at) - Date.parse(agent?.since ?? "");
      assert.ok(age >= 0 && age < 10_000, `since ${agent?.since}, at ${at}`);
      const state = steps[0]?.state;
      assert.ok(state?.kind === "held" && state.by === "agent", JSON.stringify(state));
      const prose = await ctl(lab, "explain", "n1");
      assert.match(prose, /given up by its agent \d+ s ago after 5 attempts: /);
      assert.match(prose, /\nFix the cause, then run: krakenctl retry n1\n/);
      assert.match(await ctl(lab, "events"), /stuck .*Its agent gave up: /);

      writeFileSync(script, "while :; do sleep 1; done\n");
      await ctl(lab, "retry", "n1");
      await lab.converge();
      assert.match(await ctl(lab, "explain", "n1"), /^n1 needs nothing: it is at its goal\.\n/);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

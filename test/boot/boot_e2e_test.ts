import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { parseCommandLine } from "../../src/boot/mod.ts";
import { bootCfg, type BootLab, type LabMachine, untilView, withBootLab } from "./boot_lab.ts";
import { get } from "./pxe_client.ts";

const SYNC = { "/runState": "SYNC", "/pxe/state": "INIT" };

function tokenOf({ cmdline }: LabMachine): string {
  const read = parseCommandLine(cmdline ?? "");
  assert.ok(read.ok, JSON.stringify(read));
  return read.value.token;
}

async function enrol(lab: BootLab, token: string, mac: string) {
  const answer = await fetch(`${lab.server}/boot/v1/enrol`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token, mac }),
  });
  return {
    status: answer.status,
    body: await answer.json() as { readonly detail?: string; readonly password?: string },
  };
}

async function bringUp(lab: BootLab): Promise<void> {
  const nodes = lab.machines.map((machine) => ({ name: machine.name, cfg: bootCfg(machine) }));
  const applied = await lab.request("POST", "/api/v1/apply", { nodes });
  assert.equal(applied.status, 200, JSON.stringify(applied.body));
  for (const { name } of lab.machines) await untilView(lab, name, SYNC);
}

test("machines boot from power to SYNC, and nobody gets an identity by their tokens, their MAC addresses or their scripts", () =>
  withBootLab({ names: ["n1", "n2"] }, async (lab) => {
    await bringUp(lab);
    const [n1, n2] = lab.machines;
    assert.ok(n1 !== undefined && n2 !== undefined);
    assert.equal(statSync(join(n1.runDir, "identity.json")).mode & 0o777, 0o600);

    const replayed = await enrol(lab, tokenOf(n1), n1.mac);
    assert.deepEqual([replayed.status, replayed.body.detail], [403, "The token has already been used"]);
    assert.equal((await enrol(lab, tokenOf(n1), n2.mac)).status, 403);
    assert.equal((await enrol(lab, "x".repeat(43), n2.mac)).status, 403);
    assert.equal((await enrol(lab, "x".repeat(4_000), n2.mac)).status, 413);
    // While an agent is heard, nobody gets a script for its machine.
    const script = await get(`${lab.server}/boot/v1/script?mac=${n1.mac}`);
    assert.match(script.body.toString(), /n1 is in use, as its agent is heard/);
    await untilView(lab, "n1", SYNC);

    const { password } = JSON.parse(readFileSync(join(n1.runDir, "identity.json"), "utf8")).identity;
    for (const secret of [tokenOf(n1), tokenOf(n2), password]) {
      assert.ok(!lab.log().includes(secret), "a secret is in the log");
      assert.ok(!JSON.stringify(await lab.view("n1")).includes(secret), "a secret is in the state");
    }
    assert.match(lab.log(), /Refused an enrolment/);
    const metrics = (await get(`${lab.api}/metrics`)).body.toString();
    for (
      const line of [
        "kraken_boot_tokens_total 2",
        "kraken_boot_enrolments_total 2",
        'kraken_boot_enrolments_refused_total{reason="used"} 2',
        'kraken_boot_enrolments_refused_total{reason="unknown"} 1',
        'kraken_boot_transfers_total{way="http",result="done"} 4',
      ]
    ) assert.ok(metrics.includes(`${line}\n`), `${line} is not in ${metrics}`);
  }));

test("an agent that is restarted in the same boot joins again with the identity that it has", () =>
  withBootLab({ names: ["n1"] }, async (lab) => {
    await bringUp(lab);
    const [n1] = lab.machines;
    assert.ok(n1?.agent);
    const before = n1.cmdline;
    const ended = new Promise((resolve) => n1.agent?.once("exit", resolve));
    n1.agent.kill("SIGKILL");
    await ended;
    n1.superviseAgent();
    await waitFor("it has joined again", async () => (await lab.request("GET", "/api/v1/nodes/n1")).status === 200);
    await untilView(lab, "n1", { ...SYNC, "/link": "UP" });
    assert.equal(n1.cmdline, before, "it was not booted again");
  }));

test("an aggregator that is killed between script and enrolment loses neither token nor boot", () =>
  withBootLab({ names: ["n1"] }, async (lab) => {
    const [n1] = lab.machines;
    assert.ok(n1);
    n1.hangsIn = "kernel";
    const { status } = await lab.request("POST", "/api/v1/apply", { nodes: [{ name: "n1", cfg: bootCfg(n1) }] });
    assert.equal(status, 200);
    await waitFor("its kernel runs", () => n1.cmdline !== undefined);
    await untilView(lab, "n1", { "/pxe/state": "INIT" });
    await lab.restartAggregator();
    n1.superviseAgent();
    await untilView(lab, "n1", SYNC);
  }));

test("an agent waits for a boot server that is away, and is not let in any more when its node is deleted", () =>
  withBootLab({ names: ["n1"] }, async (lab) => {
    const [n1] = lab.machines;
    assert.ok(n1);
    n1.hangsIn = "kernel";
    await lab.request("POST", "/api/v1/apply", { nodes: [{ name: "n1", cfg: bootCfg(n1) }] });
    await waitFor("its kernel runs", () => n1.cmdline !== undefined);
    await lab.aggregator.kill();
    n1.superviseAgent();
    await waitFor("it waits", () => n1.agentLog().includes("Cannot enrol yet"));
    await lab.restartAggregator();
    await untilView(lab, "n1", SYNC);
    // With the node its identity ends: the connection is closed, and the agent is not let in again.
    await lab.request("DELETE", "/api/v1/nodes/n1");
    await waitFor("it is not let in any more", () => /not authori[sz]ed/i.test(n1.agentLog()));
  }));

test("a machine that nobody knows waits, is adopted, and boots", () =>
  withBootLab({ names: ["n1"] }, async (lab) => {
    const [n1] = lab.machines;
    assert.ok(n1);
    const script = await get(`${lab.server}/boot/v1/script?mac=${n1.mac}&arch=x86_64`);
    assert.match(script.body.toString(), /krakenctl adopt/);
    const { body } = await lab.request("GET", "/api/v1/discovered");
    assert.equal((body as { machines: { mac: string }[] }).machines[0]?.mac, n1.mac);
    const adopted = await lab.request("POST", `/api/v1/discovered/${n1.mac}/adopt`, {
      ...{ name: "n1", platform: "sim", physState: "POWER_ON", runState: "SYNC" },
    });
    assert.equal(adopted.status, 201, JSON.stringify(adopted.body));
    await untilView(lab, "n1", SYNC);
    const after = await lab.request("GET", "/api/v1/discovered");
    assert.deepEqual((after.body as { machines: unknown[] }).machines, []);
  }));

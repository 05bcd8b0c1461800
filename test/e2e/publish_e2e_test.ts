import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { NO_MOSQUITTO, startMosquitto } from "../../scripts/brokers/mosquitto.ts";
import { createApi } from "../../scripts/cluster/api.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { startKraken } from "../../scripts/cluster/process.ts";
import { runCommand } from "../../scripts/command.ts";
import { programCommand, ROOT } from "../../scripts/runtimes.ts";
import { NO_SUBSCRIBERS } from "../publish/subscribers.ts";
import { createAuthority } from "../mqtt/certificates.ts";
import { demoCommand, SYNC, withLab } from "./lab.ts";

const skip = NO_SUBSCRIBERS ?? NO_MOSQUITTO ?? false;
const PAHO = join(ROOT, "test/publish/paho_subscriber.py");

/** Follows topics with mosquitto_sub: every message as `topic payload`. */
function follow(port: string, filter: string) {
  const child = spawn("mosquitto_sub", ["-p", port, "-q", "1", "-v", "-t", filter], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let output = "";
  child.stdout.on("data", (text: Uint8Array) => output += String(text));
  return {
    lines: (): string[] => output.split("\n").slice(0, -1),
    end: (): void => void (child.exitCode === null && child.pid !== undefined && process.kill(child.pid, "SIGKILL")),
  };
}

/** What the broker keeps at some topics, by topic. */
async function kept(port: string, filter: string): Promise<Map<string, string>> {
  const { output } = await runCommand(["mosquitto_sub", "-p", port, "-v", "-t", filter, "-W", "1"], {
    timeout: 20_000,
  });
  return new Map(
    output.split("\n").filter((line) => line.includes("/")).map((line) => {
      const [topic = "", ...rest] = line.split(" ");
      return [topic, rest.join(" ")];
    }),
  );
}

function portOf(url: string): string {
  return new URL(url).port;
}

/** The states that messages of a node tell, one after the other, each once. */
function statesOf(lines: readonly string[]): string[] {
  const states = lines.map((line) => JSON.parse(line.slice(line.indexOf(" ") + 1)))
    .map(({ physState, runState, phase }) => `${physState} ${runState} ${phase}`);
  return states.filter((state, place) => state !== states[place - 1]);
}

test("a node that boots is seen by mosquitto_sub and by Paho on the embedded broker, and nothing else of it is", {
  skip,
}, async () => {
  const publish = { to: "embedded", values: "/host/cpus,/physState" };
  const behaviour = { bootDelay: { min: 2_500, mode: 3_000, max: 3_500 } }; // slow enough for each state to be told
  await withLab({ count: 2, publish, behaviour }, async (lab) => {
    const port = portOf(lab.cluster.broker);
    await lab.askForSync();
    const n1 = follow(port, "kraken-state/lab/nodes/n1");
    const events = follow(port, "kraken-state/lab/events");
    try {
      await lab.converge();
      await waitFor("n1 is seen in SYNC", () => statesOf(n1.lines()).at(-1) === "POWER_ON SYNC converged");
      await waitFor(
        "events are seen",
        () => events.lines().some((line) => line.includes('"mutation":"simpower/power-on"')),
      );
      const states = statesOf(n1.lines());
      console.log(`n1: ${states.join(", ")}`);
      assert.ok(states.includes("POWER_ON UNKNOWN working"), states.join(", "));
      assert.ok(n1.lines().length < 40, `${n1.lines().length} messages for one boot`);
    } finally {
      for (const each of [n1, events]) each.end();
    }
    const { output } = await runCommand([
      "/usr/bin/python3",
      PAHO,
      port,
      "kraken-state/lab/nodes/+/physState",
      "1",
      "2",
    ], {
      timeout: 30_000,
    });
    const messages = output.trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(
      messages.map(({ topic }) => topic).sort(),
      [1, 2].map((n) => `kraken-state/lab/nodes/n${n}/physState`),
    );
    for (const { payload, qos, retain } of messages) assert.deepEqual([payload, qos, retain], ["POWER_ON", 1, true]);

    const refused = await runCommand(["/usr/bin/python3", PAHO, port, "#", "0", "1"], { timeout: 30_000 });
    assert.match(refused.output, /"refused": "#"/);
    const all = await runCommand(["mosquitto_sub", "-p", port, "-t", "#", "-W", "3"], { timeout: 30_000 });
    assert.match(all.output, /All subscription requests were denied/);
    const stranger = await runCommand(
      ["mosquitto_pub", "-p", port, "-q", "1", "-r", "-t", "kraken-state/lab/nodes/n1", "-m", "forged"],
      { timeout: 30_000 },
    );
    assert.notEqual(stranger.code, 0, stranger.output);
    assert.doesNotMatch(
      (await kept(port, "kraken-state/lab/nodes/n1")).get("kraken-state/lab/nodes/n1") ?? "",
      /forged/,
    );
  });
});

test("after kill -9 the last will says that nothing is current, and after a restart all is right again on Mosquitto", {
  skip,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-publish-"));
  const broker = await startMosquitto({ folder });
  const port = String(broker.port);
  const base = "kraken-state/lab";
  const online = (value: string) => async (): Promise<boolean> =>
    (await kept(port, `${base}/online`)).get(`${base}/online`) === value;
  try {
    await withLab({ count: 2, broker: broker.url, publish: { to: broker.url } }, async (lab) => {
      await lab.askForSync();
      await lab.converge();
      await waitFor("all is published", online("true"));
      await waitFor("n1 is published in SYNC", async () => (await documents(port))["n1"]?.runState === "SYNC");
      const before = await documents(port);

      await lab.cluster.aggregator.kill();
      await waitFor("the will is there", online("false"));
      const left = ["mosquitto_pub", "-p", port, "-r", "-t", `${base}/nodes/ghost`, "-m", "{}"];
      assert.equal((await runCommand(left, { timeout: 20_000 })).code, 0);
      await lab.cluster.restartAggregator();
      await waitFor("it is current again", online("true"));
      await waitFor(
        "what no node has is cleared",
        async () => !(await kept(port, `${base}/#`)).has(`${base}/nodes/ghost`),
      );
      await lab.converge();
      await waitFor("nodes are as they were, since they were", async () => {
        const now = await documents(port);
        return ["n1", "n2"].every((name) =>
          now[name]?.since === before[name]?.since && now[name]?.phase === "converged"
        );
      });

      assert.equal((await lab.request("DELETE", "/nodes/n2")).status, 200);
      await waitFor("a deleted node's topics are cleared", async () => (await documents(port))["n2"] === undefined);
    });
    await waitFor("its orderly end is told too", online("false"));
  } finally {
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** The documents of nodes, by name. */
async function documents(port: string): Promise<Record<string, Record<string, unknown>>> {
  const found = await kept(port, "kraken-state/lab/nodes/+");
  return Object.fromEntries([...found].map(([topic, text]) => [topic.split("/").at(-1) ?? "", JSON.parse(text)]));
}

test("the root publishes the nodes of a rack, as stale while the rack is away", { skip }, async () => {
  const below = [{ name: "rack1", parent: "root" }];
  const parents = new Map([["n1", "rack1"]]);
  await withLab({ count: 1, below, parents, publish: { to: "embedded" } }, async (lab) => {
    const port = portOf(lab.cluster.broker);
    const rack = lab.cluster.aggregators.get("rack1");
    assert.ok(rack !== undefined);
    const simpower = { config: { endpoint: lab.cluster.bmc, poll: 250 } };
    await createApi(lab.cluster.api).apply([
      { name: "rack1", cfg: { role: "AGGREGATOR", parent: "root", services: { simpower } } },
      { name: "n1", cfg: { ...SYNC, parent: "rack1" } },
    ]);
    const isIn = (wanted: Record<string, unknown>) => async (): Promise<boolean> => {
      const found = (await documents(port))["n1"] ?? {};
      return Object.entries(wanted).every(([field, value]) => found[field] === value);
    };
    await waitFor("n1 is in SYNC", isIn({ runState: "SYNC", phase: "converged", stale: false, parent: "rack1" }));
    await rack.running.kill();
    await waitFor("n1 is stale", isIn({ stale: true, phase: "waiting", runState: "SYNC" }));
    await rack.restart();
    await waitFor("n1 is known again", isIn({ stale: false, phase: "converged" }));
    const tree = (await kept(port, "kraken-state/lab/tree")).get("kraken-state/lab/tree") ?? "{}";
    assert.deepEqual(JSON.parse(tree).list.map(({ name }: { name: string }) => name), ["root", "rack1"]);
  });
});

test("state is published over TLS to a broker that asks for a password, which is in no log", { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-publish-"));
  const tls = createAuthority(folder)("broker", "DNS:localhost,IP:127.0.0.1");
  const broker = await startMosquitto({ folder: join(folder, "broker"), tls });
  try {
    const logFile = join(folder, "aggregator.log");
    const data = ["--cluster", "lab", "--data", join(folder, "data"), "--http-port", "0", "--mqtt-port", "0"];
    const aggregator = await startKraken({
      command: [...programCommand("aggregator", "source"), ...data],
      env: {
        KRAKEN_PUBLISH: `mqtts://kraken:geheim@localhost:${broker.port}`,
        NODE_EXTRA_CA_CERTS: tls.ca,
        DENO_CERT: tls.ca,
      },
      logFile,
    });
    try {
      const subscribe = ["mosquitto_sub", "--cafile", tls.ca, "-h", "localhost", "-p", String(broker.port), "-W", "2"];
      await waitFor("it is published", async () => {
        const { output } = await runCommand([...subscribe, "-v", "-t", "kraken-state/lab/#"], { timeout: 20_000 });
        return output.includes("kraken-state/lab/online true") &&
          output.includes('kraken-state/lab/tree {"name":"root"');
      });
      const metrics = await (await fetch(`http://127.0.0.1:${aggregator.ready.http}/metrics`)).text();
      assert.match(metrics, new RegExp(`^kraken_publish_up\\{broker="localhost:${broker.port}"\\} 1$`, "m"));
      const log = readFileSync(logFile, "utf8");
      assert.match(log, /Connected to the broker/);
      for (const text of [log, metrics]) assert.doesNotMatch(text, /geheim/);
    } finally {
      await aggregator.stop();
    }
  } finally {
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** The mosquitto_sub commands and the script of docs/how-to/mqtt.md, and what they have to show of the demo. */
function pageCommands(): { readonly command: string; readonly shows: RegExp }[] {
  const page = readFileSync(join(ROOT, "docs/how-to/mqtt.md"), "utf8");
  const subscribers = [...page.matchAll(/^\$ (mosquitto_sub .*)$/gm)].map(([, command = ""]) => ({
    command: `${command} -W 2`,
    shows: command.includes("'#'")
      ? /All subscription requests were denied/
      : /^kraken-state\/demo\/nodes\/n2 .*"runState":"SYNC"/m,
  }));
  const [, script = ""] = /```python\n([\s\S]*?)```/.exec(page) ?? [];
  const run = `timeout 3 /usr/bin/python3 -u -c '${script.replaceAll("'", "'\\''")}'`;
  return [...subscribers, { command: run, shows: /^n2 SYNC converged/m }];
}

test("the demo publishes: its hint and every command of docs/how-to/mqtt.md show its nodes", { skip }, async () => {
  const [file, ...args] = demoCommand("--nodes", "2");
  const child = spawn(file, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Uint8Array) => output += String(text));
  const exited = new Promise((resolve) => child.once("exit", resolve));
  try {
    const hint = await waitFor("the demo runs", () => /^ {2}(mosquitto_sub -p (\d+) .*)$/m.exec(output) ?? undefined, {
      limit: 120_000,
    });
    const [, command = "", port = ""] = hint;
    const commands = pageCommands();
    assert.equal(commands.length, 4);
    for (const each of [{ command: `${command} -W 2`, shows: /nodes\/n2 .*"runState":"SYNC"/ }, ...commands]) {
      const own = each.command.replace("-p 1883", `-p ${port}`).replace('"127.0.0.1", 1883', `"127.0.0.1", ${port}`);
      await waitFor(`'${own}' shows ${each.shows}`, async () => {
        return each.shows.test((await runCommand(["bash", "-c", own], { timeout: 20_000 })).output);
      });
    }
  } finally {
    if (child.exitCode === null && child.pid !== undefined) process.kill(child.pid, "SIGINT");
    await exited;
  }
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { freePort } from "../../scripts/brokers/ports.ts";
import { foldNodeset, parseNodeset } from "../../src/nodeset/mod.ts";
import { withFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { hostPowerman, powermanNode } from "./powerman_bench.ts";

/** Speaks what powerman's own `vpc` devices speak: 16 plugs, whose states are files of a folder. */
const DEVICE = `#!/bin/bash
cd "$1"
ok() { echo "100 OK"; printf '1 vpc> '; }
plugs() { if [ "$1" = "*" ]; then seq 0 15; else echo "$1"; fi; }
while read -r verb plug; do
  echo "$verb $plug" >> ../asked
  case $verb in
    stat) for i in {0..15}; do echo "plug $i: $(cat $i 2>/dev/null || echo OFF)"; done; ok;;
    on) for i in $(plugs "$plug"); do echo ON > $i; done; ok;;
    off) for i in $(plugs "$plug"); do echo OFF > $i; done; ok;;
    logoff) echo "101 OK"; exit 0;;
    *) ok;;
  esac
done
`;

interface Powermand {
  readonly server: string;
  /** Sets a plug of a device as somebody's hand would. */
  turn(device: number, plug: number, state: "ON" | "OFF"): void;
  /** How often a device was asked for this. */
  asked(verb: string): number;
  end(): Promise<void>;
}

/** Starts a real powermand with devices of 16 plugs: nodes n1 to n16 on the first, and so on; `broken1` on one that is dead. */
async function startPowermand(folder: string, devices: number): Promise<Powermand> {
  const port = await freePort();
  const script = join(folder, "device.sh");
  writeFileSync(script, DEVICE);
  chmodSync(script, 0o755);
  const lines = [`listen "127.0.0.1:${port}"`, 'include "/etc/powerman/vpc.dev"'];
  for (let device = 0; device < devices; device++) {
    mkdirSync(join(folder, `v${device}`));
    lines.push(`device "v${device}" "vpc" "${script} ${join(folder, `v${device}`)} |&"`);
    lines.push(`node "n[${device * 16 + 1}-${device * 16 + 16}]" "v${device}" "[0-15]"`);
  }
  lines.push('device "dead" "vpc" "/bin/false |&"', 'node "broken1" "dead" "0"');
  const config = join(folder, "powerman.conf");
  writeFileSync(config, lines.join("\n") + "\n");
  const child = spawn("powermand", ["-f", "-c", config], { stdio: "ignore" });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    server: `127.0.0.1:${port}`,
    turn: (device, plug, state) => writeFileSync(join(folder, `v${device}`, String(plug)), state),
    asked: (verb) =>
      readFileSync(join(folder, "asked"), "utf8").split("\n").filter((line) => line.startsWith(verb)).length,
    async end() {
      if (child.pid !== undefined && child.exitCode === null) process.kill(child.pid, "SIGTERM");
      await exited;
    },
  };
}

test("powerman powers machines on and off through a real powermand, and says what it says of those that it can't", async () => {
  await withFolder(async (folder) => {
    const powermand = await startPowermand(folder, 1);
    const node = powermanNode("n3");
    const { run, host: module, set } = await hostPowerman([node], { server: powermand.server });
    try {
      await until(() => run("find-on"));
      assert.equal(node.view.get("/physState"), "POWER_OFF");
      await run("power-on");
      assert.equal(node.view.get("/physState"), "POWER_ON");
      assert.equal(readFileSync(join(folder, "v0/2"), "utf8"), "ON\n");
      await run("power-off");
      assert.equal(node.view.get("/physState"), "POWER_OFF");
      set("/bmc/address", "n99");
      await assert.rejects(run("find-on"), /powermand does not know 'n99': set the node's '\/bmc\/address'/);
      set("/bmc/address", "broken1");
      await assert.rejects(run("power-on"), {
        name: "UnavailableError",
        message: /powermand says of 'broken1': .*with errors; dead: /,
      });
      set("/bmc/address", "n[1-16]");
      await assert.rejects(run("power-off"), {
        name: "MistakeError",
        message: /expected a name that powermand knows/,
      });
    } finally {
      await module.stop();
      await powermand.end();
    }
  });
});

test("powerman asks about many nodes at once, and polls a hand's doing up", async () => {
  await withFolder(async (folder) => {
    const powermand = await startPowermand(folder, 4);
    const nodes = Array.from({ length: 64 }, (_, index) => powermanNode(`n${index + 1}`));
    nodes.push(powermanNode("stranger"));
    const { host: module } = await hostPowerman(nodes, { server: powermand.server, poll: 3_000 });
    try {
      const known = nodes.slice(0, 64);
      await until(
        () => known.forEach((node) => assert.equal(node.view.get("/physState"), "POWER_OFF", node.name)),
        30_000,
      );
      const before = powermand.asked("stat");
      powermand.turn(3, 15, "ON");
      await until(() => assert.equal(nodes[63]?.view.get("/physState"), "POWER_ON"), 30_000);
      assert.ok(before <= 4 * 8, `a few questions to each device, not one for each node: ${before}`);
      const errorOf = (name: string) => String(nodes.find((node) => node.name === name)?.view.get("/bmc/error"));
      await until(() => assert.match(errorOf("stranger"), /powermand does not know 'stranger'/), 30_000);
    } finally {
      await module.stop();
      await powermand.end();
    }
  });
});

test("powerman says plainly that there is no powermand, and goes on when there is one", async () => {
  await withFolder(async (folder) => {
    const node = powermanNode("n1");
    const port = await freePort();
    const { run, host: module, until: untilIs } = await hostPowerman([node], {
      server: `127.0.0.1:${port}`,
      poll: 100,
    });
    await assert.rejects(run("find-on"), {
      name: "UnavailableError",
      message: /^Cannot reach powermand at 127.0.0.1:\d+: .*ECONNREFUSED.*Debian has it in the package 'powerman'/s,
    });
    await until(() => assert.match(String(node.view.get("/bmc/error")), /^Cannot reach powermand/), 30_000);
    writeFileSync(join(folder, "unused"), "");
    const server = createServer((socket) => play(socket, { n1: "on" })).listen(port, "127.0.0.1");
    await untilIs("/bmc/error", undefined, 30_000);
    assert.equal(node.view.get("/physState"), "POWER_ON");
    await module.stop();
    server.close();
  });
});

/** Speaks what powerman's `ipmipower` devices speak: two plugs, of which the BMC of one takes no password. */
const IPMIPOWER = `#!/bin/bash
plug=off
printf 'ipmipower> '
while read -r verb _; do
  case $verb in
    stat) echo "n1: password verification timeout"; echo "n2: $plug";;
    on|off) plug=$verb; echo "n1: password verification timeout"; echo "n2: ok";;
  esac
  printf 'ipmipower> '
done
`;

test("powerman tells what a device said of a plug that it can't read, and powers the others on in the same command", async () => {
  await withFolder(async (folder) => {
    const port = await freePort();
    writeFileSync(join(folder, "device.sh"), IPMIPOWER);
    chmodSync(join(folder, "device.sh"), 0o755);
    writeFileSync(
      join(folder, "powerman.conf"),
      [
        ...[`listen "127.0.0.1:${port}"`, 'include "/etc/powerman/ipmipower.dev"'],
        ...[`device "ipmi" "ipmipower" "${join(folder, "device.sh")} |&"`, 'node "n[1-2]" "ipmi" "n[1-2]"', ""],
      ].join("\n"),
    );
    const child = spawn("powermand", ["-f", "-c", join(folder, "powerman.conf")], { stdio: "ignore" });
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const nodes = [powermanNode("n2"), powermanNode("n1")];
    const { run, host: module, until: untilIs } = await hostPowerman(nodes, { server: `127.0.0.1:${port}`, poll: 500 });
    try {
      await untilIs("/physState", "POWER_OFF");
      const words = "n1: unknown (n1: password verification timeout)";
      await until(() => assert.equal(nodes[1]?.view.get("/bmc/power"), words));
      await run("power-on");
      assert.equal(nodes[0]?.view.get("/physState"), "POWER_ON");
      assert.equal(nodes[1]?.view.get("/physState"), undefined);
    } finally {
      await module.stop();
      process.kill(child.pid ?? 0, "SIGTERM");
      await exited;
    }
  });
});

/** Plays powermand's part as it was seen to: for what a real one can't be made to do. */
function play(socket: Socket, plugs: { [name: string]: string }, seen: string[] = []): void {
  socket.on("error", () => {});
  socket.write("001 2.3.27\r\npowerman> ");
  let rest = "";
  socket.on("data", (chunk) => {
    const lines = (rest + String(chunk)).split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      seen.push(line);
      const [verb, list = ""] = line.split(" ");
      const parsed = parseNodeset(list);
      const names = parsed.ok ? parsed.names : [];
      const unknown = names.filter((name) => plugs[name] === undefined);
      if (verb === "exprange") socket.write("105 Hostrange expansion ON\r\n");
      else if (unknown.length > 0) socket.write(`209 No such nodes: ${foldNodeset(unknown)}\r\n`);
      else if (verb === "status") {
        socket.write(names.map((name) => `303 ${name}: ${plugs[name]}\r\n`).join("") + "103 Query complete\r\n");
      } else {
        for (const name of names) plugs[name] = verb ?? "";
        socket.write("102 Command completed successfully\r\n");
      }
      socket.write("powerman> ");
    }
  });
}

test("powerman needs a handful of commands and at most four connections for a thousand nodes", async () => {
  const plugs: { [name: string]: string } = {};
  const nodes = Array.from({ length: 1000 }, (_, index) => {
    plugs[`n${index + 1}`] = "off";
    return powermanNode(`n${index + 1}`);
  });
  const seen: string[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    play(socket, plugs, seen);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { host: module, run } = await hostPowerman(nodes, { server: `127.0.0.1:${port}`, poll: 1_000 });
  await until(() => nodes.forEach((node) => assert.equal(node.view.get("/physState"), "POWER_OFF")), 30_000);
  assert.ok(connections <= 4, String(connections));
  const statuses = seen.filter((line) => line.startsWith("status"));
  assert.ok(
    statuses.length <= 20 && statuses.some((line) => line === "status n[1-1000]"),
    statuses.join("\n").slice(0, 999),
  );
  await run("power-on");
  assert.equal(plugs["n1"], "on");
  await module.stop();
  server.close();
});

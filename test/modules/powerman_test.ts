import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fc } from "../support/property.ts";
import { createPowermanModule } from "../../modules/powerman/module.ts";
import { hostlistsOf, parseAnswer, troubleOf, unknownNames } from "../../modules/powerman/protocol.ts";
import { foldNodeset, parseNodeset } from "../../src/nodeset/mod.ts";
import type { Step } from "../../src/plan/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { type HostedForTest, hostForTest, type TestNode, testNode, until, withFolder } from "./module_fixture.ts";
import { ending } from "./redfish_scene.ts";

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

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

function nodeOf(name: string, cfg: { readonly [url: string]: Value } = {}): TestNode {
  const node = testNode(name, { "/platform": "powerman", ...cfg });
  node.view.set("/platform", "powerman");
  return node;
}

async function host(
  nodes: readonly TestNode[],
  config: { readonly [name: string]: Value },
  more: { readonly clock?: ReturnType<typeof createVirtualClock> } = {},
): Promise<HostedForTest> {
  const own = testNode("root", { "/services/powerman/config": { poll: 3_600_000, ...config } });
  return await hostForTest(createPowermanModule(), nodes, { role: "parent", own, ...more });
}

test("powerman powers machines on and off through a real powermand, and says what it says of those that it can't", async () => {
  await withFolder(async (folder) => {
    const powermand = await startPowermand(folder, 1);
    const node = nodeOf("n3");
    const { run, host: module, set } = await host([node], { server: powermand.server });
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
    const nodes = Array.from({ length: 64 }, (_, index) => nodeOf(`n${index + 1}`));
    nodes.push(nodeOf("stranger"));
    const { host: module } = await host(nodes, { server: powermand.server, poll: 3_000 });
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
    const node = nodeOf("n1");
    const port = await freePort();
    const { run, host: module, until: untilIs } = await host([node], { server: `127.0.0.1:${port}`, poll: 100 });
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
    const nodes = [nodeOf("n2"), nodeOf("n1")];
    const { run, host: module, until: untilIs } = await host(nodes, { server: `127.0.0.1:${port}`, poll: 500 });
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

/** A powermand of so many plugs that are off, on a clock that the test moves, whose answers to orders a test gives. */
async function withPlayed(
  orders: (verb: string, names: readonly string[], plugs: Map<string, string>) => string,
  run: (
    bench: {
      readonly nodes: readonly TestNode[];
      readonly asked: readonly string[];
      /** Runs a mutation of every node at once. @returns What it was rejected with, by node. */
      all(mutation: string): Promise<ReadonlyMap<string, string>>;
    },
  ) => Promise<void>,
): Promise<void> {
  const clock = createVirtualClock();
  const plugs = new Map(["n1", "n2", "n3"].map((name) => [name, "off"]));
  const nodes = [...plugs.keys()].map((name) => nodeOf(name));
  const asked: string[] = [];
  const module = createPowermanModule({
    connect: async () => ({
      ended: false,
      end() {},
      async command(text) {
        asked.push(text);
        const [verb = "", list = ""] = text.split(" ");
        const parsed = parseNodeset(list);
        const names = parsed.ok ? parsed.names : [];
        const shown = () =>
          names.map((name) => `303 ${name}: ${plugs.get(name)}\r\n`).join("") + "103 Query complete\r\n";
        const answer = parseAnswer(verb === "status" ? shown() : orders(verb, names, plugs));
        assert.ok(answer !== undefined);
        return answer;
      },
    }),
  });
  const own = testNode("root", { "/services/powerman/config": { poll: 3_600_000 } });
  const { host: hosted } = await hostForTest(module, nodes, { role: "parent", own, clock });
  const step: Omit<Step, "key" | "mutation"> = {
    ...{ module: "powerman", bindings: {}, changes: {}, failTo: {}, timeout: 1, disruption: 1 },
    ...{ context: "parent", duration: 1, after: [] },
  };
  try {
    await run({
      ...{ nodes, asked },
      async all(mutation) {
        const rejected = new Map<string, string>();
        const timeout = new AbortController();
        const cancel = clock.after(60_000, () => timeout.abort(new Error("Timed out")));
        const runs = nodes.map(({ id, name }) =>
          hosted.run(id, { ...step, key: `powerman/${mutation}`, mutation }, crypto.randomUUID(), timeout.signal)
            .catch((error: Error) => void rejected.set(name, `${error.name}: ${error.message}`))
        );
        await ending(clock, Promise.all(runs).then(() => {}));
        cancel();
        return rejected;
      },
    });
  } finally {
    await hosted.stop();
  }
}

test("powerman waits for each plug of a command that ended with errors: the healthy ones are ordered once, and none is cut", async () => {
  for (const answer of ["210 Command completed with errors", "308 v1: timeout\r\n210 Command completed with errors"]) {
    await withPlayed((verb, names, plugs) => {
      for (const name of names) if (name !== "n2") plugs.set(name, verb);
      return `${answer}\r\n`;
    }, async ({ all, nodes, asked }) => {
      assert.deepEqual([...await all("power-on")], [["n2", "Error: Timed out"]]);
      assert.equal(nodes[0]?.view.get("/physState"), "POWER_ON");
      assert.equal(nodes[2]?.view.get("/physState"), "POWER_ON");
      assert.equal(asked[0], "status n[1-3]");
      const orders = asked.filter((text) => !text.startsWith("status"));
      assert.equal(orders[0], "on n[1-3]");
      assert.ok(orders.slice(1).every((text) => text === "on n2"), orders.join());
    });
  }
});

test("powerman tells whose the errors of a command are, where powermand names them, and gives up on that one alone", async () => {
  await withPlayed((verb, names, plugs) => {
    for (const name of names) if (name !== "n2") plugs.set(name, verb);
    return names.includes("n2")
      ? "309 n2: breaker is open\r\n210 Command completed with errors\r\n"
      : "102 Command completed successfully\r\n";
  }, async ({ all, nodes, asked }) => {
    const failed = await all("power-on");
    assert.deepEqual([...failed.keys()], ["n2"]);
    assert.match(
      failed.get("n2") ?? "",
      /^DeclinedError: .*asked to power on, which was refused \(.*breaker is open\)/,
    );
    assert.equal(nodes[0]?.view.get("/physState"), "POWER_ON");
    assert.deepEqual(asked.filter((text) => text.startsWith("on")), ["on n[1-3]", "on n2", "on n2"]);
  });
});

test("powerman orders again what powermand is too busy for, and gives up at once on what no device can do", async () => {
  let busy = 8; // longer than refusals are put up with
  await withPlayed((verb, names, plugs) => {
    if (busy-- > 0) return "208 Command in progress\r\n";
    for (const name of names) plugs.set(name, verb);
    return "102 Command completed successfully\r\n";
  }, async ({ all, nodes }) => {
    assert.deepEqual([...await all("power-on")], []);
    assert.equal(nodes[0]?.view.get("/physState"), "POWER_ON");
  });
  await withPlayed(
    () => "213 Command cannot be handled by power control device(s)\r\n",
    async ({ all, asked }) => {
      const failed = await all("power-on");
      assert.match(failed.get("n1") ?? "", /^MistakeError: Cannot power 'n1' on: its controller has nothing for that$/);
      assert.equal(asked.filter((text) => text.startsWith("on")).length, 1);
    },
  );
});

test("troubleOf() quotes what was said of a plug, and of no other, and nothing of a login", () => {
  assert.equal(troubleOf("n1", ["n1: password verification timeout", "n2: busy"]), "n1: password verification timeout");
  assert.equal(troubleOf("n3", ["n1: password verification timeout", "n2: busy"]), undefined);
  assert.equal(troubleOf("n1", ["pnode1: invalid hostname"]), "pnode1: invalid hostname");
  assert.equal(troubleOf("n1", ["n2: invalid hostname", "n1: on"]), undefined);
  assert.equal(troubleOf("n1", ["Error: login: admin", "password: secret invalid", "n1: off"]), undefined);
  assert.equal(troubleOf("n1", ["n1: off", "connection timed out"]), "connection timed out");
  const answer = parseAnswer(
    "305 send(v1): 'login secret\\n'\r\n305 recv(v1): 'n1: timeout\\nn2: off\\n> '\r\n309 t7: ERROR\r\n103 Query complete\r\n",
  );
  assert.deepEqual(answer?.heard, ["n1: timeout", "n2: off", ">"]);
  assert.deepEqual([...answer?.diagnostics ?? []], [["t7", "ERROR"]]);
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
    return nodeOf(`n${index + 1}`);
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
  const { host: module, run } = await host(nodes, { server: `127.0.0.1:${port}`, poll: 1_000 });
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

test("powerman gives up on what is no powermand, sends too much or ends in the middle", async () => {
  const cases: [play: (socket: Socket) => void, message: RegExp][] = [
    [(socket) => socket.write("SSH-2.0-OpenSSH\r\npowerman> "), /what answers is no powermand/],
    [(socket) => socket.write("x".repeat(2 ** 21)), /the answer is larger than 1048576 characters/],
    [(socket) => socket.end("001 2.3.27\r\npower"), /powermand has ended the connection/],
    [(socket) => {
      socket.write("001 2.3.27\r\npowerman> ");
      socket.on("data", () => socket.write("hello\r\npowerman> "));
    }, /what answers is no powermand/],
  ];
  for (const [play, message] of cases) {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      play(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { run, host: module } = await host([nodeOf("n1")], { server: `127.0.0.1:${port}` });
    await assert.rejects(run("find-on"), message);
    await module.stop();
    server.close();
  }
});

test("hostlistsOf() has each name once, in commands that powermand takes", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,30}$/);
  fc.assert(
    fc.property(fc.array(name, { maxLength: 3000 }), (names) => {
      const lists = hostlistsOf(names);
      assert.deepEqual(lists.flatMap((list) => list.names).sort(), [...new Set(names)].sort());
      for (const { text, names } of lists) {
        assert.ok(text.length <= 4_000, String(text.length));
        const parsed = parseNodeset(text);
        assert.ok(parsed.ok);
        assert.deepEqual([...parsed.names].sort(), [...names].sort());
      }
    }),
    { numRuns: 50 },
  );
});

test("parseAnswer() takes whatever arrives", () => {
  const line = fc.oneof(
    fc.string({ unit: "binary", maxLength: 80 }),
    fc.constantFrom(
      "303 n1: on",
      "303 n2: off",
      "308 v1: connect timeout",
      "209 No such nodes: n[1-",
      "103 Query complete",
    ),
    fc.tuple(fc.integer({ min: 0, max: 9999 }), fc.string()).map(([code, text]) => `${code} ${text}`),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
      const answer = parseAnswer(lines.join("\r\n"));
      if (answer === undefined) return;
      assert.ok(answer.code >= 100 && answer.code < 300);
      unknownNames(answer);
    }),
    { numRuns: 2_000 },
  );
  const answer = parseAnswer(
    "308 v1: connect timeout\r\n303 n1: on\r\n303 m1: unknown\r\n211 Query completed with errors\r\n",
  );
  assert.deepEqual(answer && [...answer.power], [["n1", "on"], ["m1", "unknown"]]);
  assert.deepEqual(answer?.problems, ["v1: connect timeout"]);
});

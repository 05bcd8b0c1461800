import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { machineAddressesOf, MAX_MACHINES } from "../../scripts/vcluster/lab_config.ts";
import { checkImage, machinesOf } from "../../scripts/vcluster/machines.ts";
import { lastLines } from "../../scripts/vcluster/console.ts";
import { checkSocketPaths, consoleOf } from "../../scripts/vcluster/places.ts";
import { renderMachines, stageOf } from "../../scripts/vcluster/progress.ts";
import { qemuCommand } from "../../scripts/vcluster/qemu/command.ts";
import { controlMachine } from "../../scripts/vcluster/qemu/control.ts";
import { startRelay } from "../../scripts/vcluster/relay.ts";
import { readTimings, type SeenEvent } from "../../scripts/vcluster/timings.ts";

test("machines have addresses of their own, however many there are", () => {
  const all = Array.from({ length: MAX_MACHINES }, (_, index) => machineAddressesOf(index + 1));
  for (const key of ["mac", "address", "controller", "tap"] as const) {
    assert.equal(new Set(all.map((each) => each[key])).size, MAX_MACHINES);
  }
  assert.deepEqual(machineAddressesOf(16), {
    mac: "52:54:00:77:00:10",
    address: "10.77.1.16",
    controller: "10.78.1.16",
    tap: "tap16",
  });
});

test("machinesOf() gives UEFI its memory and refuses machines that there are not", () => {
  const machines = machinesOf({
    ...{ nodes: 4, memory: 192 },
    ...{ uefi: ["n1"], ipmi: ["n2"], "uefi-http": ["n3"], aarch64: ["n4"] },
  });
  assert.deepEqual(machines.map(({ memory, arch, firmware, power }) => [memory, arch, firmware, power]), [
    [512, "x86_64", "uefi", "redfish"],
    [192, "x86_64", "bios", "ipmi"],
    [512, "x86_64", "uefi-http", "redfish"],
    [512, "aarch64", "uefi", "redfish"],
  ]);
  assert.throws(() => machinesOf({ nodes: 1, memory: 192, aarch64: ["n1"], ipmi: ["n1"] }), /'n1' can't have IPMI/);
  checkImage("/some/file", machines);
  assert.throws(() => checkImage("example", machines), /'example' can't run on 'n\d', which is/);
  assert.throws(
    () => machinesOf({ nodes: 2, memory: 192, uefi: [], ipmi: ["n3"] }),
    /'--ipmi' is 'n3': expected a node from n1 to n2/,
  );
});

test("qemuCommand() asks for emulation, the network and no disk", () => {
  const machine = {
    name: "n1",
    folder: "/x",
    memory: 192,
    mac: "52:54:00:77:00:01",
    tap: "tap1",
    arch: "x86_64" as const,
    firmware: "bios" as const,
  };
  const bios = qemuCommand(machine).join(" ");
  assert.match(bios, /-accel tcg,/);
  assert.match(bios, /-m 192 /);
  assert.match(bios, /tap,id=net0,ifname=tap1,/);
  assert.match(bios, /-boot n/);
  assert.doesNotMatch(bios, /ipmi|pflash/);
  const other = qemuCommand({ ...machine, firmware: "uefi", ipmiPort: 9101 }).join(" ");
  assert.match(other, /pflash.*uefi-vars\.fd/);
  assert.match(other, /port=9101/);
  assert.match(other, /IPv6PXESupport,string=n/);
  assert.doesNotMatch(other, /IPv4PXESupport/);
  assert.match(qemuCommand({ ...machine, firmware: "uefi-http" }).join(" "), /IPv4PXESupport,string=n/);
  assert.match(
    qemuCommand({ ...machine, arch: "aarch64", firmware: "uefi" }).join(" "),
    /^qemu-system-aarch64 .*AAVMF/,
  );
});

/** Events of a node that came up, each some milliseconds after the start. */
function eventsOf(...steps: readonly (readonly [ms: number, node: string, why: string])[]): SeenEvent[] {
  return steps.map(([ms, node, why], index) => ({
    ...{ id: index + 1, node, why, kind: "discovered", time: new Date(ms).toISOString() },
  }));
}

test("readTimings() measures each step from the power", () => {
  const events = eventsOf(
    [1_000, "n1", "/physState: POWER_OFF -> POWER_ON (the controller says so)"],
    [1_500, "n2", "/physState: POWER_OFF -> POWER_ON"],
    [3_000, "n1", "/pxe/state: WAIT -> DHCP"],
    [4_000, "n1", "/pxe/state: LOADING -> INIT"],
    [9_000, "n1", "/runState: UNKNOWN -> INIT"],
    [9_500, "n1", "/runState: INIT -> SYNC"],
  );
  assert.deepEqual(readTimings("n1", events, 0), {
    ...{ name: "n1", powerOnMs: 1_000, dhcpMs: 2_000, kernelMs: 3_000, agentMs: 8_000, syncMs: 8_500 },
  });
  assert.deepEqual(readTimings("n2", events, 0), { name: "n2", powerOnMs: 1_500 });
  assert.deepEqual(readTimings("n3", events, 0), { name: "n3" });
});

test("readTimings() takes the last boot where there were several", () => {
  const events = eventsOf(
    [1_000, "n1", "/physState: POWER_OFF -> POWER_ON"],
    [5_000, "n1", "/pxe/state: WAIT -> DHCP"],
    [6_000, "n1", "/physState: POWER_ON -> POWER_OFF"],
    [7_000, "n1", "/physState: POWER_OFF -> POWER_ON"],
    [8_000, "n1", "/pxe/state: WAIT -> DHCP"],
  );
  assert.deepEqual(readTimings("n1", events, 0), { name: "n1", powerOnMs: 7_000, dhcpMs: 1_000 });
});

const machine = {
  name: "n1",
  physState: "POWER_ON",
  runState: "UNKNOWN",
  phase: "working",
  reason: "",
  pxe: "",
  loaded: undefined,
  elapsed: 1_000,
};

test("stageOf() never goes back while a machine boots", () => {
  const way = [
    { ...machine, physState: "POWER_OFF" },
    machine,
    { ...machine, pxe: "DHCP" },
    ...[0, 50, 100].map((loaded) => ({ ...machine, pxe: "LOADING", loaded })),
    { ...machine, pxe: "INIT" },
    { ...machine, runState: "INIT" },
    { ...machine, runState: "SYNC" },
    { ...machine, runState: "SYNC", phase: "converged" },
  ].map((each) => stageOf(each).done);
  assert.deepEqual(way, [...way].sort((a, b) => a - b));
  assert.deepEqual([way[0], way.at(-1)], [0, 100]);
});

test("renderMachines() shows every machine, and why one waits", () => {
  const lines = renderMachines(
    [machine, { ...machine, name: "n2", phase: "stuck", reason: "pxe/load timed out" }],
    5_000,
  );
  assert.match(lines[0] ?? "", /0\/2 +0% ready after 5 s/);
  assert.match(lines.join("\n"), /n1 +POWER_ON +firmware +\[##-{18}\] +1\.0 s/);
  assert.match(lines.join("\n"), /n2 .*stuck: pxe\/load timed out/);
  assert.match(renderMachines([machine])[0] ?? "", /0\/1 +0% ready$/);
});

test("checkSocketPaths() refuses a folder in which a socket would have too long a path", () => {
  const folder = `/${"x".repeat(107 - "//machines/n10/console.sock".length)}`;
  checkSocketPaths(folder, ["n1", "n10"]);
  assert.throws(() => checkSocketPaths(folder, ["n1", "n100"]), /path is 1 bytes too long: expected the project in/);
});

test("consoleOf() finds the console of the cluster that was started last", () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-consoles-"));
  try {
    assert.throws(() => consoleOf("n1", folder), /No virtual cluster runs that has a node 'n1'/);
    const machines = join(folder, "vcluster-12", "machines", "n1");
    mkdirSync(machines, { recursive: true });
    writeFileSync(join(machines, "console.sock"), "");
    assert.equal(consoleOf("n1", folder).socket, join(machines, "console.sock"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("lastLines() shows the end of a console, without what a terminal would answer", () => {
  const all = Array.from({ length: 40 }, (_, n) => `line ${n}`);
  assert.equal(lastLines(`${all.join("\n")}\n\x1b[1m\x1b[37m/ # \x1b[6n`), `${all.slice(26).join("\n")}\n/ # `);
});

/** A QEMU that answers each line with what `answer` gives. */
async function withQmp(answer: (line: string) => string, run: (path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "kraken-qmp-"));
  const path = join(folder, "qmp.sock");
  const server = await new Promise<Server>((resolve) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.write('{"QMP": {"version": {}, "capabilities": []}}\r\n');
      socket.on("data", (data) => {
        for (const line of String(data).trim().split("\n")) socket.write(answer(line));
      });
    });
    server.listen(path, () => resolve(server));
  });
  try {
    await run(path);
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

test("controlMachine() greets QEMU, gives the command, and passes events over", async () => {
  const heard: string[] = [];
  await withQmp((line) => {
    heard.push(line);
    return '{"event": "POWERDOWN", "timestamp": {}}\r\n{"return": {}}\r\n';
  }, (path) => controlMachine(path, "system_powerdown"));
  assert.deepEqual(heard, ['{"execute":"qmp_capabilities"}', '{"execute":"system_powerdown"}']);
});

test("controlMachine() says what went wrong", async () => {
  await withQmp(() => '{"error": {"class": "GenericError", "desc": "no"}}\r\n', async (path) => {
    await assert.rejects(controlMachine(path, "system_reset"), /Cannot tell the machine 'system_reset': .*"desc":"no"/);
  });
  await withQmp(() => "garbage\r\n", async (path) => {
    await assert.rejects(controlMachine(path, "system_reset"), /no QMP/);
  });
  await assert.rejects(controlMachine("/nowhere/qmp.sock", "system_reset"), /ENOENT/);
});

test("a relay passes every byte on, both ways, and closes what is closed", async () => {
  const echo = createServer((socket) => socket.on("error", () => {}).pipe(socket));
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  const address = echo.address();
  const folder = mkdtempSync(join(tmpdir(), "kraken-relay-"));
  const path = join(folder, "relay.sock");
  const relay = await startRelay({ path }, {
    host: "127.0.0.1",
    port: typeof address === "object" ? address?.port ?? 0 : 0,
  });
  try {
    const covered = createCoverage("bytes over a relay", ["short", "over 64 KiB"], 0.3);
    const [short, long] = [fc.uint8Array({ minLength: 1, maxLength: 2000 }), fc.nat(255)];
    const all = fc.oneof(
      short,
      long.map((seed) => Uint8Array.from({ length: 100_000 }, (_, at) => (at * 31 + seed) % 256)),
    );
    await fc.assert(
      fc.asyncProperty(all, async (bytes) => {
        covered.saw(bytes.length > 2 ** 16 ? "over 64 KiB" : "short");
        const back = await new Promise<Uint8Array>((resolve, reject) => {
          const parts: Uint8Array[] = [];
          const socket = connect(path, () => socket.end(bytes));
          socket.on("data", (part) => parts.push(part as Uint8Array));
          socket.on("end", () => resolve(Buffer.concat(parts)));
          socket.on("error", reject);
        });
        assert.deepEqual(new Uint8Array(back), bytes);
      }),
      { numRuns: 50 },
    );
    covered.check();
  } finally {
    relay.close();
    echo.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

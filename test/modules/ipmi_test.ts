import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { createBmcLogs } from "../../modules/power/mod.ts";
import { systemClock } from "../../src/clock.ts";
import { fastClock } from "../support/clocks.ts";
import { withFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { USER, writeCredentials } from "./bmc_fixture.ts";
import { host } from "./ipmi_bench.ts";
import { processesWith } from "./simulator_fixture.ts";

/** OpenIPMI's simulator with one machine, which is a process that sleeps. */
interface IpmiSimulator {
  readonly address: string;
  /** Ids of the processes that the machine consists of. */
  machine(): number[];
  end(): Promise<void>;
}

async function startIpmiSim(folder: string): Promise<IpmiSimulator> {
  const [udp, tcp, mark] = [await freeUdpPort(), await freeTcpPort(), `KRAKEN_TEST_MARK=${crypto.randomUUID()}`];
  const machine = join(folder, "machine.sh");
  writeFileSync(machine, `#!/bin/sh\n${mark} exec sleep 600\n`);
  chmodSync(machine, 0o755);
  mkdirSync(join(folder, "state"));
  writeFileSync(
    join(folder, "bmc.emu"),
    "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\n" +
      "sel_enable 0x20 1000 0x0a\nmc_enable 0x20\n" +
      "sel_add 0x20 0x02 0x01 0x02 0x03 0x04 0x20 0x00 0x04 0x04 0x30 0x01 0x52 0xff 0xff\n" +
      "sel_add 0x20 0x02 0x11 0x12 0x2d 0x65 0x20 0x00 0x04 0x01 0x31 0x01 0x59 0xff 0xff\n",
  );
  const auths = ["callback", "user", "operator", "admin"].map((level) =>
    `    allowed_auths_${level} none md2 md5 straight`
  );
  writeFileSync(
    join(folder, "lan.conf"),
    [
      ...[
        'name "n1"',
        "set_working_mc 0x20",
        "  startlan 1",
        `    addr 127.0.0.1 ${udp}`,
        "    priv_limit admin",
        ...auths,
      ],
      ...["    guid a123456789abcdefa123456789abcd01", "  endlan", `  serial kcs 127.0.0.1 ${tcp} codec VM`],
      ...[`  startcmd "${machine}"`, "  startnow false", "  poweroff_wait 1", "  kill_wait 1"],
      `  user 2 true "${USER.username}" "${USER.password}" admin 10 none md2 md5 straight`,
      "",
    ].join("\n"),
  );
  const child: ChildProcess = spawn(
    "ipmi_sim",
    ["-c", join(folder, "lan.conf"), "-f", join(folder, "bmc.emu"), "-s", join(folder, "state"), "-n"],
    { stdio: "ignore", cwd: folder },
  );
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    address: `127.0.0.1:${udp}`,
    machine: () => processesWith(mark),
    async end() {
      if (child.pid !== undefined && child.exitCode === null) process.kill(child.pid, "SIGKILL");
      await exited;
      for (const pid of processesWith(mark)) process.kill(pid, "SIGKILL");
    },
  };
}

function freeUdpPort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1", () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

function freeTcpPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

test("ipmi powers a machine of OpenIPMI's simulator on and off", async () => {
  await withFolder(async (folder) => {
    const simulator = await startIpmiSim(folder);
    const { run, node, host: module, until: untilIs } = await host(folder, simulator.address, { graceful: 2_000 });
    try {
      await until(() => run("find-on"), 30_000);
      assert.equal(node.view.get("/physState"), "POWER_OFF");
      await run("power-on");
      assert.equal(node.view.get("/physState"), "POWER_ON");
      await until(() => assert.equal(simulator.machine().length, 1));
      node.view.set("/runState", "SYNC"); // it is asked to shut down first, which this simulator has nothing for
      await run("power-off");
      await untilIs("/physState", "POWER_OFF");
      await until(() => assert.deepEqual(simulator.machine(), []));
    } finally {
      await module.stop();
      await simulator.end();
    }
  });
});

test("ipmi polls: it sees a machine that ends by itself, and the end of a controller", async () => {
  await withFolder(async (folder) => {
    const simulator = await startIpmiSim(folder);
    const { run, node, host: module, until: untilIs } = await host(folder, simulator.address, { poll: 300 });
    try {
      await until(() => run("power-on"), 30_000);
      await untilIs("/bmc/firmware", "BMC 9.08", 30_000);
      assert.equal(node.view.get("/bmc/health"), "OK");
      const [pid = 0] = simulator.machine();
      process.kill(pid, "SIGKILL");
      await untilIs("/physState", "POWER_OFF", 30_000);
      writeCredentials(folder, "n1.json", { ...USER, password: "wrong" });
      await until(() => assert.match(String(node.view.get("/bmc/error")), /takes another user or password/), 30_000);
      writeCredentials(folder, "n1.json");
      await untilIs("/bmc/error", undefined, 30_000);
    } finally {
      await module.stop();
      await simulator.end();
    }
  });
});

test("ipmi keeps the password out of the list of processes, and kills its process when it is not wanted any more", async () => {
  await withFolder(async (folder) => {
    const silent = createSocket("udp4");
    const address = await new Promise<string>((resolve) =>
      silent.bind(0, "127.0.0.1", () => resolve(`127.0.0.1:${silent.address().port}`))
    );
    const { run, host: module } = await host(folder, address);
    const secret = crypto.randomUUID().slice(0, 18); // not that of a test on another runtime
    writeCredentials(folder, "n1.json", { ...USER, password: secret });
    const controller = new AbortController();
    const finding = run("find-on", {}, controller.signal);
    const password = `IPMI_PASSWORD=${secret}`;
    await until(() => assert.equal(processesWith(password).length, 1));
    const [pid = 0] = processesWith(password);
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, "latin1");
    assert.match(commandLine.replaceAll("\0", " "), /^\S*ipmitool -I lanplus -H 127\.0\.0\.1 -p \d+ -U admin -E /);
    assert.ok(!commandLine.includes(secret));
    controller.abort(new Error("Not wanted"));
    await assert.rejects(finding, /Not wanted/);
    await until(() => assert.ok(!existsSync(`/proc/${pid}/cmdline`)));
    await module.stop();
    silent.close();
  });
});

test("ipmi tells a wrong password and a wrong Kg from silence, by a real ipmitool and OpenIPMI's simulator", async () => {
  await withFolder(async (folder) => {
    const simulator = await startIpmiSim(folder);
    const { run, host: module } = await host(folder, simulator.address);
    try {
      await until(() => run("find-on"), 30_000);
      const cases: [user: object, words: RegExp][] = [
        [
          { ...USER, password: "wrong" },
          /RAKP 2 HMAC is invalid.*\(it takes another user or password, or another 'kg'\)/,
        ],
        [{ ...USER, username: "nobody" }, /unauthorized name.*\(it takes another user/],
        [{ ...USER, kg: "wrong" }, /RAKP 4 message has invalid integrity check value.*or another 'kg'/],
      ];
      for (const [user, words] of cases) {
        writeCredentials(folder, "n1.json", user);
        await assert.rejects(run("find-on"), { name: "UnavailableError", message: words });
      }
      writeCredentials(folder, "n1.json");
      await run("find-on");
    } finally {
      await module.stop();
      await simulator.end();
    }
  });
});

test("ipmi reads the event log of OpenIPMI's simulator, which is there after it was read as before", async () => {
  await withFolder(async (folder) => {
    const simulator = await startIpmiSim(folder);
    const logs = createBmcLogs(systemClock);
    const { run, node, host: module } = await host(folder, simulator.address, {}, { logs });
    try {
      await until(() => run("find-on"), 30_000);
      const about = { id: node.id, name: "n1", platform: "ipmi" };
      for (const count of [20, 1]) {
        const read = await logs.read(about, count, new AbortController().signal);
        assert.deepEqual(read, {
          ok: true,
          entries: [
            { id: "2", log: "SEL", message: "Temperature #0x31 | Upper Critical going high | Asserted" },
            { id: "1", log: "SEL", message: "Fan #0x30 | Lower Critical going low | Asserted" },
          ].slice(0, count),
        });
      }
    } finally {
      await module.stop();
      await simulator.end();
    }
  });
});

test("ipmi says in the words of OpenIPMI's simulator that it has no reset, NMI, LED or device to boot from, and concludes nothing", async () => {
  await withFolder(async (folder) => {
    const simulator = await startIpmiSim(folder);
    const { run, node, host: module } = await host(folder, simulator.address, {}, { clock: fastClock });
    const declined = { name: "DeclinedError", message: /Invalid data field in request/ };
    try {
      await until(() => run("power-on"), 30_000);
      for (const mutation of ["led-first-on", "led-first-off", "interrupt", "reset"]) {
        await assert.rejects(run(mutation), declined, mutation);
      }
      assert.deepEqual(["/physState", "/bmc/led", "/power/order"].map((url) => node.view.get(url)), [
        ...["POWER_ON", undefined, undefined],
      ]);
      await run("power-off");
      node.cfg.set("/bmc/bootDevice", "pxe");
      await assert.rejects(run("power-on"), /Set Chassis Boot Parameter 5 failed/);
      assert.deepEqual(simulator.machine(), []);
    } finally {
      await module.stop();
      await simulator.end();
    }
  });
});

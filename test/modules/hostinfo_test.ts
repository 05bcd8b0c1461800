import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { machine } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { createHostinfoModule } from "../../modules/hostinfo/module.ts";
import { withFolder } from "../support/folder.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { hostForTest, testNode } from "./module_fixture.ts";

/** A `/proc` as a machine of 2 CPUs has it. */
function writeProc(proc: string, load: string, uptime: string): void {
  const files: Record<string, string> = {
    "sys/kernel/arch": "riscv64\n",
    "sys/kernel/osrelease": "6.1.0-18-amd64\n",
    stat: "cpu  1 2 3\ncpu0 1 2 3\ncpu1 1 2 3\nintr 12\n",
    meminfo: "MemTotal:        4039372 kB\nMemFree:          123456 kB\n",
    loadavg: `${load} 0.20 0.10 1/100 4242\n`,
    uptime: `${uptime} 999.99\n`,
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(proc, file)), { recursive: true });
    writeFileSync(join(proc, file), text);
  }
}

test("hostinfo shows what /proc says of the machine", async () => {
  await withFolder(async (proc) => {
    writeProc(proc, "0.52", "1234.56");
    const node = testNode("n1");
    const { host } = await hostForTest(createHostinfoModule({ proc }), [node], { clock: createVirtualClock() });
    assert.deepEqual(Object.fromEntries([...node.view].filter(([url]) => url.startsWith("/host/"))), {
      "/host/arch": "riscv64",
      "/host/kernel": "6.1.0-18-amd64",
      "/host/cpus": 2,
      "/host/memory": 3944,
      "/host/load": 52,
      "/host/uptime": 1234,
    });
    await host.stop();
  });
});

test("hostinfo looks at load and uptime again every 30 s, and shows a load that moved by 5 % or more", async () => {
  await withFolder(async (proc) => {
    writeProc(proc, "1.00", "10.0");
    const node = testNode("n1");
    const clock = createVirtualClock();
    const { host, history } = await hostForTest(createHostinfoModule({ proc }), [node], { clock });
    history.length = 0;
    writeProc(proc, "1.04", "40.0");
    await clock.advance(29_999);
    assert.deepEqual(history, []);
    await clock.advance(1);
    assert.deepEqual(history, ["n1/host/uptime=40"]);
    writeProc(proc, "1.05", "70.0");
    await clock.advance(30_000);
    assert.deepEqual(history, ["n1/host/uptime=40", "n1/host/uptime=70", "n1/host/load=105"]);
    await host.stop();
    assert.equal(clock.waiting, 0);
  });
});

test("hostinfo follows the interval of its config, also when that changes", async () => {
  await withFolder(async (proc) => {
    writeProc(proc, "1.00", "10.0");
    const node = testNode("n1", { "/services/hostinfo/config": { interval: 2 } });
    const clock = createVirtualClock();
    const { host, history, set } = await hostForTest(createHostinfoModule({ proc }), [node], { clock });
    history.length = 0;
    await clock.advance(4_000);
    assert.equal(history.length, 2);
    set("/services/hostinfo/config", { interval: 10 });
    await clock.advance(10_000);
    assert.equal(history.length, 3);
    await host.stop();
  });
});

test("hostinfo asks the runtime for what /proc lacks", async () => {
  await withFolder(async (proc) => {
    const node = testNode("n1");
    const { host } = await hostForTest(createHostinfoModule({ proc }), [node], { clock: createVirtualClock() });
    assert.equal(node.view.get("/host/arch"), machine());
    assert.ok(Number(node.view.get("/host/cpus")) > 0);
    await host.stop();
  });
});

test("hostinfo describes the machine that runs this test", async () => {
  const node = testNode("n1");
  const { host } = await hostForTest(createHostinfoModule(), [node], { clock: createVirtualClock() });
  assert.ok(Number(node.view.get("/host/cpus")) > 0);
  assert.ok(Number(node.view.get("/host/memory")) > 64);
  assert.ok(Number(node.view.get("/host/uptime")) > 0);
  assert.match(String(node.view.get("/host/kernel")), /^\d+\.\d+/);
  await host.stop();
});

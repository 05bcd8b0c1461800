import assert from "node:assert/strict";
import { test } from "node:test";
import { turnIdentifyLed } from "../../modules/power/watch.ts";
import type { MutationRun } from "../../src/module/mod.ts";
import { unread } from "../../src/reports.ts";
import { testNode } from "./module_fixture.ts";
import { type Bench, OFF, ON, TAKEN, withBench } from "./power_bench.ts";
import { ending } from "./redfish_scene.ts";

/** What was discovered of a node since the bench began, without its sensors and controller. */
function discovered({ history }: Bench): string[] {
  return history.filter((entry) => /physState|order|bootNext/.test(entry)).map((entry) => entry.replace(/^n1/, ""));
}

test("an order to restart is done once the controller has taken it, and the device for the next boot is over", async () => {
  for (const next of ["PXE", undefined]) {
    await withBench({ settle: 5_000 }, async (bench) => {
      bench.driver.read = async () => ON;
      if (next !== undefined) bench.node.view.set("/bmc/bootNext", next);
      await ending(bench.clock, bench.run("reset"));
      assert.deepEqual(bench.driver.orders, ["restart"]);
      assert.deepEqual(discovered(bench), [
        ...next === undefined ? [] : ["/bmc/bootNext=NONE"],
        ...["/power/order=DONE", "/physState=POWER_CYCLE"],
      ]);
    });
  }
});

test("a machine that was restarted is on when its controller's word can be trusted", async () => {
  await withBench({ settle: 5_000 }, async (bench) => {
    bench.driver.read = async () => ON;
    await ending(bench.clock, bench.run("reset"));
    const begun = bench.clock.now();
    const { length } = bench.driver.reads;
    await ending(bench.clock, bench.run("reset-over"));
    assert.equal(bench.clock.now() - begun, 5_000);
    assert.equal(bench.driver.reads.length, length + 1, "it is not looked at before");
    assert.equal(bench.node.view.get("/physState"), "POWER_ON");
  });
});

test("an order to interrupt is done once the controller has taken it, and changes no power", async () => {
  await withBench({}, async (bench) => {
    bench.driver.read = async () => ON;
    await ending(bench.clock, bench.run("interrupt"));
    assert.deepEqual(bench.driver.orders, ["interrupt"]);
    assert.deepEqual(discovered(bench), ["/power/order=DONE"]);
  });
});

test("a machine that is off is neither restarted nor interrupted, but said to be off", async () => {
  for (const mutation of ["reset", "interrupt"]) {
    await withBench({}, async (bench) => {
      bench.driver.read = async () => OFF;
      await ending(bench.clock, bench.run(mutation)).catch(() => {});
      assert.deepEqual(bench.driver.orders, []);
      assert.deepEqual(discovered(bench), ["/physState=POWER_OFF"], mutation);
    });
  }
});

test("a controller that has no restart or interrupt makes the order a mistake", async () => {
  for (const [mutation, word] of [["reset", "reset"], ["interrupt", "interrupt"]] as const) {
    await withBench({}, async (bench) => {
      bench.driver.read = async () => ON;
      bench.driver.change = async () => ({ kind: "unsupported" });
      await assert.rejects(bench.run(mutation), {
        name: "MistakeError",
        message: `Cannot ${word} 'n1': its controller does not support that`,
      });
      assert.deepEqual(discovered(bench), []);
    });
  }
});

test("a restart or interrupt that is refused three times is declined, and nothing is concluded", async () => {
  for (const mutation of ["reset", "interrupt"]) {
    await withBench({ settle: 0 }, async (bench) => {
      bench.driver.read = async () => ON;
      bench.driver.change = async () => ({ kind: "refused", said: "no" });
      await assert.rejects(ending(bench.clock, bench.run(mutation)), { name: "DeclinedError" });
      assert.equal(bench.driver.orders.length, 3);
      assert.deepEqual(discovered(bench), []);
    });
  }
});

test("a machine that hangs on its way has its power cut, also where the controller falls silent then", async () => {
  await withBench({ settle: 0 }, async (bench) => {
    const { clock, driver } = bench;
    const from = clock.now();
    let silent = 3;
    let power = "changing";
    driver.read = async () => {
      if (clock.now() - from > 300_000 && silent-- > 0) throw new Error("no answer");
      return power === "changing" ? { power: "changing", said: "it is on its way" } : power === "on" ? ON : OFF;
    };
    driver.change = async (_node, change) => {
      power = change;
      return TAKEN;
    };
    await ending(clock, bench.run("restart-hang"), 600_000);
    assert.deepEqual(driver.orders, ["off", "on"]);
  });
});

test("a machine that hangs, and turns out to be off, is told its device for the next boot as it is powered on", async () => {
  await withBench({ settle: 0 }, async (bench) => {
    const { clock, driver, node } = bench;
    let reading = ON;
    driver.read = async () => reading;
    await ending(clock, bench.run("find-on"));
    node.view.set("/bmc/bootNext", "PXE");
    const told: unknown[] = [];
    driver.change = async (_node, change) => {
      told.push(`${change} ${String(node.view.get("/bmc/bootNext"))}`);
      reading = change === "on" ? ON : OFF;
      return change === "on" ? TAKEN : { kind: "refused", said: "It is off" };
    };
    await ending(clock, bench.run("restart-hang"));
    assert.deepEqual([told, node.view.get("/bmc/bootNext")], [["restart PXE", "on PXE"], "NONE"]);
  });
});

test("a machine that has shut down, and that somebody powers on at once, is left on", async () => {
  await withBench({ settle: 0, graceful: 30_000 }, async (bench) => {
    bench.node.view.set("/runState", "SYNC");
    const said = [ON, OFF];
    bench.driver.read = async () => said.shift() ?? ON;
    await ending(bench.clock, bench.run("power-off"));
    assert.deepEqual(bench.driver.orders, ["shutdown"]);
  });
});

test("a controller is told of an LED urgently, in its queue's time, and the LED is what it says then", async () => {
  const told: string[] = [];
  const node = testNode("n1");
  const { signal } = new AbortController();
  const run: MutationRun = {
    ...{ ...unread, node, mutation: "led-on", bindings: {}, execution: "1", signal },
    discover: (url, value) => void told.push(`${url}=${value}`),
  };
  const driver = { read: async () => ON, change: async () => TAKEN };
  await turnIdentifyLed(
    {
      ...driver,
      async turnLed(of, led, ask) {
        assert.deepEqual([of, ask.signal, ask.urgent, ask.queued], [node, signal, true, run.queued]);
        return led;
      },
    },
    run,
    "BLINKING",
  );
  assert.deepEqual(told, ["/bmc/led=BLINKING"]);
  for (const [said, words] of [["OFF", "OFF"], [undefined, "unknown"]] as const) {
    await assert.rejects(turnIdentifyLed({ ...driver, turnLed: async () => said }, run, "ON"), {
      name: "DeclinedError",
      message: `The controller was told that the identify LED is to be ON, and says that it is ${words}`,
    });
  }
  await assert.rejects(turnIdentifyLed(driver, run, "ON"), {
    name: "MistakeError",
    message: /its kind of controller has none/,
  });
  assert.deepEqual(told, ["/bmc/led=BLINKING"]);
});

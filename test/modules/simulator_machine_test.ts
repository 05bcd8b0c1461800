import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../modules/simpower/simulator/chance.ts";
import { parseControllerConfig } from "../../modules/simpower/simulator/config.ts";
import type { MachineState, SimulatedMachine } from "../../modules/simpower/simulator/machine.ts";
import { startSimulator } from "../../modules/simpower/simulator/start_simulator.ts";
import { systemClock } from "../../src/clock.ts";
import { createLog } from "../../src/log.ts";
import { withFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { quickConfig, withSimulator } from "./simulator_fixture.ts";

/** A machine of another kind than a process: it notes what its controller does with it. */
function createPlayedMachine(): SimulatedMachine & { readonly done: string[]; exit(): void } {
  const done: string[] = [];
  const listeners: (() => void)[] = [];
  let state: MachineState = "off";
  function exit(): void {
    state = "off";
    listeners.forEach((listener) => listener());
  }
  return {
    done,
    exit,
    get state() {
      return state;
    },
    async start() {
      if (done.at(-1) === "break") throw new Error("It is broken");
      done.push("start");
      state = "on";
    },
    async stop() {
      done.push("stop");
      state = "off";
    },
    async restart() {
      done.push("restart");
    },
    shutdown() {
      done.push("shutdown");
      exit();
    },
    onExit: (listener) => void listeners.push(listener),
  };
}

async function withPlayed(
  run: (
    machine: ReturnType<typeof createPlayedMachine>,
    reset: (type: string) => Promise<number>,
    expect: (power: string) => Promise<void>,
  ) => Promise<void>,
): Promise<void> {
  const machine = createPlayedMachine();
  const simulator = await startSimulator({
    systems: [{ name: "n1", id: "11111111-1111-4111-8111-111111111111" }],
    machineOf: () => machine,
    config: parseControllerConfig({ resetDelay: { min: 1, mode: 2, max: 3 } }),
    host: "127.0.0.1",
    port: 0,
    clock: systemClock,
    random: seededRandom(1),
    log: createLog(() => {}),
  });
  const system = `http://127.0.0.1:${simulator.port}/redfish/v1/Systems/n1`;
  try {
    await run(
      machine,
      async (ResetType) => {
        const body = JSON.stringify({ ResetType });
        return (await fetch(`${system}/Actions/ComputerSystem.Reset`, { method: "POST", body })).status;
      },
      (power) => until(async () => assert.equal((await (await fetch(system)).json()).PowerState, power)),
    );
  } finally {
    await simulator.close();
  }
}

test("startSimulator() has power over machines of any kind, and says when one goes off by itself", async () => {
  await withPlayed(async (machine, reset, expect) => {
    assert.deepEqual(machine.done, ["stop"], "what was left of an earlier life is gone first");
    assert.equal(await reset("On"), 204);
    await expect("On");
    assert.equal(await reset("ForceRestart"), 204);
    machine.exit();
    await expect("Off");
    await reset("On");
    await expect("On");
    await reset("GracefulShutdown");
    await expect("Off");
    assert.deepEqual(machine.done, ["stop", "start", "restart", "start", "shutdown"]);
  });
});

test("startSimulator() says Off of a machine that can't be started", async () => {
  await withPlayed(async (machine, reset, expect) => {
    machine.done.push("break");
    await reset("On");
    await expect("Off");
    await reset("ForceOff");
    machine.done.push("mended");
    await reset("On");
    await expect("On");
  });
});

test("simulator shuts down gracefully when its agent heeds SIGTERM, and not when it doesn't", async () => {
  for (const [script, after] of [["exec sleep 600", "Off"], ["trap '' TERM; sleep 600; sleep 600", "On"]] as const) {
    await withFolder(async (folder) => {
      const agent = { command: ["sh", "-c", script], env: {} };
      await withSimulator(folder, quickConfig(folder, { agent }), async (simulator) => {
        const reset = (ResetType: string) => simulator.ask("/n1/Actions/ComputerSystem.Reset", { ResetType });
        await reset("On");
        const processes = after === "Off" ? 1 : 2;
        await until(() => assert.equal(simulator.machineProcesses().length, processes));
        await reset("GracefulShutdown");
        if (after === "Off") await until(async () => assert.equal(await simulator.power("n1"), "Off"));
        await reset("On"); // what is asked for next shows that nothing more came of it
        await until(() => assert.equal(simulator.machineProcesses().length, processes));
        assert.equal((await simulator.ask("/n1/Oem/Kraken.Simulate")).body instanceof Object, true);
      });
    });
  }
});

import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import type { Clock, Random } from "../../../src/clock.ts";
import type { Log } from "../../../src/log.ts";
import {
  type BootSource,
  loseMemory,
  machineFolder,
  readBootSource,
  readPowerOn,
  startAgent,
  writePowerOn,
} from "./boot.ts";
import { triangular } from "./chance.ts";
import type { SimulatorConfig } from "./config.ts";
import type { MachineState, SimulatedMachine } from "./machine.ts";
import type { Reaper } from "./reaper.ts";

/**
 * Creates a machine that is a process of the agent, with a folder for its memory. When the agent ends, the power stays
 * on, unless {@link SimulatedMachine.shutdown} requested it.
 *
 * @param system The machine.
 * @param config The simulator's config.
 * @param parts Clock, random numbers, log and reaper.
 */
export function createProcessMachine(
  system: SimulatorConfig["systems"][number],
  config: SimulatorConfig,
  parts: { readonly clock: Clock; readonly random: Random; readonly reaper: Reaper; readonly log: Log },
): SimulatedMachine {
  const { clock, random, reaper } = parts;
  const log = parts.log.with({ system: system.name });
  const folder = machineFolder(config, system.name);
  const listeners: (() => void)[] = [];
  let state: MachineState = "off";
  let told = false;
  /** Names this power-on; everything that runs on the machine has it in its environment. */
  let run = readPowerOn(folder);
  let agent: ChildProcess | undefined;
  let source: BootSource = { broker: system.broker ?? config.broker, parent: system.parent ?? config.parent };
  let cancelBoot = () => {};

  function boot(): void {
    const machine = randomUUID();
    run = machine;
    loseMemory(folder);
    writePowerOn(folder, machine);
    const hangs = told || random() < config.hangProbability;
    cancelBoot = clock.after(triangular(config.bootDelay, random), () => {
      if (hangs) return log.info("Hangs during boot");
      agent = startAgent(config, system, machine, source);
      agent.on("error", (error) => log.error("The agent could not be started", { why: error.message }));
      agent.on(
        "exit",
        (code, signal) => log.info("The agent ended", { code: code ?? undefined, signal: signal ?? "" }),
      );
    });
  }
  async function halt(): Promise<void> {
    cancelBoot();
    const ending = run;
    if (ending !== undefined) await reaper.kill(ending);
    if (run !== ending) return; // it has been started again
    run = undefined;
    agent = undefined;
    state = "off";
  }
  async function exit(ended: string | undefined): Promise<void> {
    if (run !== ended) return;
    await halt();
    for (const listener of listeners) listener();
  }

  return {
    get state() {
      return state;
    },
    async start() {
      state = "on";
      boot();
    },
    stop: halt,
    shutdown() {
      const ending = run;
      if (agent === undefined || agent.exitCode !== null || agent.signalCode !== null) return; // nothing runs that could notice it
      agent.once("exit", () => void exit(ending));
      agent.kill("SIGTERM");
    },
    onExit: (listener) => void listeners.push(listener),
    bootFrom(uri) {
      const read = readBootSource(uri, config.broker);
      source = read ?? source;
      return read !== undefined;
    },
    hang(hangs) {
      told = hangs;
    },
  };
}

import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import type { Clock, Random } from "../../../src/clock.ts";
import type { Log } from "../../../src/log.ts";
import { loseMemory, machineFolder, readPowerOn, startAgent, writePowerOn } from "./boot.ts";
import { type BootSource, readBootSource } from "./boot_source.ts";
import { triangular } from "./chance.ts";
import type { SimulatorConfig } from "./config.ts";
import type { Reaper } from "./reaper.ts";

/** Redfish's Resource.PowerState. */
export type PowerState = "Off" | "PoweringOn" | "On" | "PoweringOff";
/** The ResetType values of ComputerSystem.Reset that are simulated. */
export const RESET_TYPES = ["On", "ForceOff", "GracefulShutdown", "ForceRestart", "PowerCycle"] as const;
/** One of {@link RESET_TYPES}. */
export type ResetType = (typeof RESET_TYPES)[number];

/** How often a machine was told to do something, whether or not that changed anything. */
export interface Counters {
  readonly powerOn: number;
  readonly powerOff: number;
  /** ForceRestart and PowerCycle. */
  readonly resets: number;
}

/** One simulated machine with its controller. */
export interface Machine {
  readonly name: string;
  readonly id: string;
  readonly power: PowerState;
  readonly counters: Counters;
  /** Takes a reset. @returns false when the controller fails, as it was configured or told to. */
  reset(type: ResetType): boolean;
  /** Where it boots from, from the next time on: `mqtt://broker/UUID` of its aggregator. @returns False when it is no such URI. */
  bootFrom(uri: string): boolean;
  /** Injects faults: `hang`: boots never start the agent; `fail`: so many of the next resets fail. */
  simulate(faults: { readonly hang?: boolean; readonly fail?: number }): void;
  /** Powers it off at once. Resolves when nothing of it runs any more. */
  unplug(): Promise<void>;
}

/**
 * Makes a machine. It says that it is off; what an earlier simulator left running of it goes with {@link Machine.unplug}.
 */
export function createMachine(
  system: SimulatorConfig["systems"][number],
  config: SimulatorConfig,
  parts: { readonly clock: Clock; readonly random: Random; readonly reaper: Reaper; readonly log: Log },
): Machine {
  const { clock, random, reaper } = parts;
  const log = parts.log.with({ system: system.name });
  const faults = { hang: false, fail: 0 };
  const counters = { powerOn: 0, powerOff: 0, resets: 0 };
  const folder = machineFolder(config, system.name);
  let power: PowerState = "Off";
  /** Names this power-on; everything that runs on the machine carries it. */
  let run = readPowerOn(folder);
  let agent: ChildProcess | undefined;
  let source: BootSource = { broker: system.broker ?? config.broker, parent: system.parent ?? config.parent };
  let cancelBoot = () => {};
  /** Ends when everything that was asked of the machine has been done. */
  let work: Promise<void> = Promise.resolve();
  /** Cuts the delay short that is running: something else was asked for meanwhile. */
  let hurry = () => {};

  function inTurn(next: () => Promise<void>): Promise<void> {
    hurry();
    work = work.then(next).catch((error: unknown) => {
      log.error("A machine failed", { why: error instanceof Error ? error.message : String(error) });
    });
    return work;
  }
  function delay(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(triangular(config.resetDelay, random), resolve);
      hurry = () => {
        cancel();
        resolve();
      };
    });
  }

  function boot(): void {
    const machine = randomUUID();
    run = machine;
    loseMemory(folder);
    writePowerOn(folder, machine);
    const hangs = faults.hang || random() < config.hangProbability;
    cancelBoot = clock.after(triangular(config.bootDelay, random), () => {
      if (hangs) return log.info("Hangs in its boot");
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
    if (run !== undefined) await reaper.kill(run);
    run = undefined;
    agent = undefined;
  }
  async function powerOn(): Promise<void> {
    if (power === "On") return;
    power = "PoweringOn";
    await delay();
    power = "On";
    boot();
  }
  async function powerOff(): Promise<void> {
    if (power === "Off") return;
    power = "PoweringOff";
    await delay();
    await halt();
    power = "Off";
  }
  async function restart(): Promise<void> {
    if (power !== "On") return await powerOn();
    await halt();
    boot();
  }
  function perform(type: ResetType): void {
    switch (type) {
      case "On":
        counters.powerOn++;
        inTurn(powerOn);
        return;
      case "GracefulShutdown":
        counters.powerOff++;
        agent?.kill("SIGTERM");
        inTurn(powerOff);
        return;
      case "ForceOff":
        counters.powerOff++;
        inTurn(powerOff);
        return;
      case "ForceRestart":
        counters.resets++;
        inTurn(restart);
        return;
      case "PowerCycle":
        counters.resets++;
        inTurn(async () => {
          await powerOff();
          await powerOn();
        });
    }
  }

  return {
    name: system.name,
    id: system.id,
    get power() {
      return power;
    },
    get counters() {
      return { ...counters };
    },
    reset(type) {
      const fails = faults.fail > 0 || random() < config.failProbability;
      if (faults.fail > 0) faults.fail--;
      log.info(fails ? "Fails a reset" : "Takes a reset", { type });
      if (!fails) perform(type);
      return !fails;
    },
    bootFrom(uri) {
      const read = readBootSource(uri, config.broker);
      source = read ?? source;
      return read !== undefined;
    },
    simulate({ hang, fail }) {
      faults.hang = hang ?? faults.hang;
      faults.fail = fail ?? faults.fail;
    },
    unplug: () =>
      inTurn(async () => {
        await halt();
        power = "Off";
      }),
  };
}

import { type ModuleContext, type MutationRun, PermanentError, UnavailableError } from "../../src/module/mod.ts";
import { pause, within } from "../../src/pause.ts";
import type { Ask, Power, PowerChange, PowerDriver, PowerSettings } from "./driver.ts";

/** First and longest wait between two looks while a machine changes its power, in milliseconds. */
const FIRST_LOOK = 100;
const LONGEST_LOOK = 1_000;
/** A machine that hangs within this time of a restart, in milliseconds, has its power cut. */
const RESTART_ONCE = 1_800_000;

/** Asks for a mutation, whose timeout does not count the time in our own queue. */
function askFor(run: MutationRun, signal: AbortSignal): Ask {
  return { signal, urgent: true, queued: run.queued };
}

/** What mutations do with one controller. */
export interface Actions {
  find(run: MutationRun): Promise<void>;
  powerOn(run: MutationRun): Promise<void>;
  powerOff(run: MutationRun): Promise<void>;
  restart(run: MutationRun): Promise<void>;
  /** Milliseconds for which the controller may still say what was before the last change; 0: it is to be believed. */
  unsettledFor(): number;
}

/**
 * Makes the actions of one node. Each is done when the controller says so: that it took what it was asked for is no success,
 * and that it refused is no failure where it turns out to be so already.
 */
export function createActions(context: ModuleContext, driver: PowerDriver, settings: () => PowerSettings): Actions {
  const { clock } = context;
  let asked: { readonly power: "on" | "off"; readonly at: number } | undefined;
  let restarted = -Infinity;

  function unsettledFor(): number {
    return asked === undefined ? 0 : Math.max(0, asked.at + settings().settle - clock.now());
  }
  function read(run: MutationRun, signal: AbortSignal): Promise<Power> {
    return driver.read(run.node, askFor(run, signal));
  }
  /** Reads until the controller says one of these; a reading that fails on the way is tried again. */
  async function readUntil(run: MutationRun, wanted: readonly Power[], signal: AbortSignal): Promise<Power> {
    for (let wait = FIRST_LOOK;; wait = Math.min(wait * 2, LONGEST_LOOK)) {
      const power = await read(run, signal).catch((error) => {
        if (error instanceof PermanentError) throw error;
      });
      if (power !== undefined && wanted.includes(power)) return power;
      await pause(clock, wait, signal);
    }
  }
  /** Asks for a change. What is refused since it is so already, or is under way, counts as taken. */
  async function ask(run: MutationRun, change: PowerChange, wanted: "on" | "off"): Promise<boolean> {
    asked = { power: wanted, at: clock.now() };
    try {
      return await driver.change(run.node, change, askFor(run, run.signal));
    } catch (error) {
      if (run.signal.aborted || error instanceof UnavailableError || error instanceof PermanentError) throw error;
      const power = await read(run, run.signal).catch(() => undefined);
      if (power === wanted || power === "changing") return true;
      throw error;
    }
  }
  /** True when the controller says what is wanted, and is to be believed: nothing else was asked of it just now. */
  async function isAlready(run: MutationRun, wanted: "on" | "off"): Promise<boolean> {
    const power = await read(run, run.signal);
    return power === wanted && (asked === undefined || asked.power === wanted || unsettledFor() === 0);
  }
  async function bring(run: MutationRun, wanted: "on" | "off"): Promise<void> {
    if (!await ask(run, wanted, wanted)) {
      throw new PermanentError(`Cannot power '${run.node.name}' ${wanted}: its controller has nothing for that`);
    }
    await readUntil(run, [wanted], run.signal);
    asked = { power: wanted, at: clock.now() };
  }
  /** Has a machine shut down by itself. @returns False when it did not, or not in time. */
  async function shutDown(run: MutationRun, limit: number): Promise<boolean> {
    try {
      if (!await ask(run, "shutdown", "off")) return false;
      await within(clock, limit, "It is still on", run.signal, (signal) => readUntil(run, ["off"], signal));
      asked = { power: "off", at: clock.now() };
      return true;
    } catch (error) {
      run.signal.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      context.log.info("A machine does not shut down: its power is cut", { node: run.node.name, why });
      return false;
    }
  }

  return {
    unsettledFor,
    async find(run) {
      let power = await read(run, run.signal);
      if (power !== "on" && power !== "off") power = await readUntil(run, ["on", "off"], run.signal);
      run.discover("/physState", power === "on" ? "POWER_ON" : "POWER_OFF");
    },
    async powerOn(run) {
      if (!await isAlready(run, "on")) await bring(run, "on");
      run.discover("/physState", "POWER_ON");
    },
    async powerOff(run) {
      if (!await isAlready(run, "off")) {
        const { graceful } = settings();
        // Only a machine whose agent is there is known to hear that it is asked.
        const healthy = run.node.view.get("/runState") === "SYNC";
        const ended = graceful > 0 && healthy && await shutDown(run, graceful);
        if (!ended) await bring(run, "off");
      }
      run.discover("/physState", "POWER_OFF");
    },
    async restart(run) {
      const gentle = clock.now() - restarted > RESTART_ONCE;
      restarted = clock.now();
      if (gentle && await ask(run, "restart", "on")) {
        await pause(clock, settings().settle, run.signal);
        await readUntil(run, ["on"], run.signal);
      } else {
        await bring(run, "off");
        await bring(run, "on");
      }
      run.discover("/physState", "POWER_ON");
    },
  };
}

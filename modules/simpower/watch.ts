import { type ModuleContext, type MutationRun, PermanentError } from "../../src/module/mod.ts";
import { addressOf, simpowerConfigOf } from "./config.ts";
import type { RedfishClient, SystemReading } from "./redfish_client.ts";

/** So many polls in a row without an answer are worth a warning. */
const SILENT_POLLS = 3;
/** First and longest wait between two looks while a machine changes its power, in milliseconds. */
const FIRST_LOOK = 100;
const LONGEST_LOOK = 1_000;

/** Looks after the power of one node. */
export interface PowerWatch {
  /** Waits until the controller says On or Off, and states it. */
  find(run: MutationRun): Promise<void>;
  /** Asks the controller for a change of power, and waits until it says that it is done. Polling rests meanwhile. */
  change(run: MutationRun, type: "On" | "ForceOff"): Promise<void>;
  /** Ends polling. */
  stop(): void;
}

/** Starts to poll a node's controller, the first time after a random share of the poll interval. */
export function watchPower(
  nodeId: string,
  context: ModuleContext,
  client: RedfishClient,
  bootUri: () => string | undefined,
): PowerWatch {
  let failures = 0;
  let acting = 0;
  let stopped = false;
  let cancel = () => {};
  let poll = new AbortController();

  function config() {
    return simpowerConfigOf(context.config());
  }
  function pollAfter(ms: number): void {
    cancel();
    if (!stopped && acting === 0) cancel = context.clock.after(ms, look);
  }
  async function look(): Promise<void> {
    const mine = poll = new AbortController();
    try {
      const node = context.node(nodeId);
      const address = node && addressOf(node, config().endpoint);
      if (address === undefined) return;
      if (!address.ok) throw new Error(address.problem);
      const { power } = await client.read(address.url, mine.signal);
      if (mine.signal.aborted) return;
      if (failures >= SILENT_POLLS) context.log.info("A controller answers again", { node: node?.name });
      failures = 0;
      takePolled(power);
    } catch (error) {
      if (mine.signal.aborted) return;
      // What was known of its power stays: silence says nothing about the machine.
      failures++;
      const why = error instanceof Error ? error.message : String(error);
      if (failures === SILENT_POLLS) context.log.warn("A controller does not answer", { node: nodeId, why });
    } finally {
      if (poll === mine) pollAfter(config().poll * (0.75 + context.random() / 2));
    }
  }
  /** PHYS_HANG and PHYS_ERROR are conclusions of ours, which a controller that says "On" does not contradict. */
  function takePolled(power: string): void {
    const known = context.node(nodeId)?.view.get("/physState");
    const concluded = known === "PHYS_HANG" || known === "PHYS_ERROR";
    if (power === "Off" && known !== "POWER_OFF") context.discover(nodeId, "/physState", "POWER_OFF");
    if (power === "On" && known !== "POWER_ON" && !concluded) context.discover(nodeId, "/physState", "POWER_ON");
  }

  /** Does a mutation's work while polling rests. */
  async function act(work: () => Promise<void>): Promise<void> {
    acting++;
    cancel();
    poll.abort();
    try {
      await work();
    } finally {
      acting--;
      pollAfter(config().poll);
    }
  }
  function systemOf(run: MutationRun): URL {
    const address = addressOf(run.node, config().endpoint);
    if (!address.ok) throw new PermanentError(address.problem);
    return address.url;
  }
  /** Reads until the controller says one of these; a reading that fails on the way is tried again. */
  async function readUntil(system: URL, wanted: readonly string[], signal: AbortSignal): Promise<string> {
    for (let wait = FIRST_LOOK;; wait = Math.min(wait * 2, LONGEST_LOOK)) {
      const reading: SystemReading | undefined = await client.read(system, signal).catch(() => undefined);
      if (reading !== undefined && wanted.includes(reading.power)) return reading.power;
      await pause(context, wait, signal);
    }
  }

  pollAfter(config().poll * context.random());
  return {
    find: (run) =>
      act(async () => {
        const system = systemOf(run);
        let { power } = await client.read(system, run.signal);
        if (power !== "On" && power !== "Off") power = await readUntil(system, ["On", "Off"], run.signal);
        run.discover("/physState", power === "On" ? "POWER_ON" : "POWER_OFF");
      }),
    change: (run, type) =>
      act(async () => {
        const system = systemOf(run);
        const wanted = type === "On" ? "On" : "Off";
        const before = await client.read(system, run.signal);
        if (before.power !== wanted) {
          const uri = type === "On" ? bootUri() : undefined;
          if (uri !== undefined) await client.bootFrom(system, uri, run.signal);
          await client.reset(before.resetTarget, type, run.signal);
          await readUntil(system, [wanted], run.signal);
        }
        run.discover("/physState", wanted === "On" ? "POWER_ON" : "POWER_OFF");
      }),
    stop() {
      stopped = true;
      cancel();
      poll.abort();
    },
  };
}

/**
 * Waits.
 *
 * @throws The signal's reason, when it fires first.
 */
function pause(context: ModuleContext, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const over = () => {
      cancel();
      reject(signal.reason);
    };
    const cancel = context.clock.after(ms, () => {
      signal.removeEventListener("abort", over);
      resolve();
    });
    signal.addEventListener("abort", over, { once: true });
  });
}

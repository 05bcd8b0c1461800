import {
  DeclinedError,
  MistakeError,
  type ModuleContext,
  type MutationHandler,
  type MutationRun,
  UnavailableError,
} from "../../src/module/mod.ts";
import type { BmcLogs } from "./bmc_logs.ts";
import type { Led } from "./led.ts";
import type { MakeDriver, PowerSettings } from "./driver.ts";
import { type PowerWatch, watchPower } from "./watch.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** The handlers that every power module has. */
export interface PowerHandlers {
  readonly "find-off": MutationHandler;
  readonly "find-on": MutationHandler;
  readonly "power-on": MutationHandler;
  readonly "power-off": MutationHandler;
  readonly "reset-hang": MutationHandler;
  readonly "cycle-off": MutationHandler;
  readonly "no-order": MutationHandler;
}

/** The handlers of `resetMutations`, and of what an order to interrupt is over by. */
export interface ResetHandlers {
  readonly reset: MutationHandler;
  readonly "reset-over": MutationHandler;
  readonly "no-reset": MutationHandler;
  readonly "no-interrupt": MutationHandler;
}

/** The handlers of `ledMutations`. */
export interface LedHandlers {
  readonly "led-first-on": MutationHandler;
  readonly "led-first-off": MutationHandler;
  readonly "led-on": MutationHandler;
  readonly "led-off": MutationHandler;
}

/** The handlers of `blinkMutations`. */
export interface BlinkHandlers {
  readonly "led-first-blink": MutationHandler;
  readonly "led-blink": MutationHandler;
  readonly "led-on-blink": MutationHandler;
  readonly "led-blink-on": MutationHandler;
  readonly "led-blink-off": MutationHandler;
}

/**
 * Starts to manage the power of exactly the nodes of one `/platform`, in an aggregator. It reports only what
 * controllers say: a change is complete when the controller confirms it.
 *
 * @param context The module's context.
 * @param parts `platform`, and a driver for its controllers; `settings` gives the current settings; `logs` takes the
 * access to event logs.
 * @returns The handlers of `powerMutations`, `orderMutations`, `restartMutation`, `resetMutations`,
 * `interruptMutation`, `ledMutations` and `blinkMutations`, and a function that ends all of it.
 */
export function startPower(
  context: ModuleContext,
  parts: {
    readonly platform: string;
    readonly makeDriver: MakeDriver;
    readonly settings: () => PowerSettings;
    readonly logs?: BmcLogs | undefined;
  },
): {
  readonly mutations: PowerHandlers;
  readonly restart: MutationHandler;
  readonly resets: ResetHandlers;
  readonly interrupt: MutationHandler;
  readonly leds: LedHandlers;
  readonly blinks: BlinkHandlers;
  stop(): Promise<void>;
} {
  const watches = new Map<string, PowerWatch>();
  const driver = parts.makeDriver(context, (id) => watches.get(id)?.lookSoon());

  function attend(id: string): PowerWatch | undefined {
    const node = context.node(id);
    const watch = watches.get(id);
    if (node !== undefined && node.cfg.get("/platform") === parts.platform) {
      driver.attend?.(node);
      if (watch !== undefined) return watch;
      const fresh = watchPower(id, context, driver, parts.settings);
      watches.set(id, fresh);
      return fresh;
    }
    if (watch !== undefined) {
      watch.stop(true);
      watches.delete(id);
      driver.forget?.(id);
    }
    return undefined;
  }
  function handler(work: (watch: PowerWatch, run: MutationRun) => Promise<void>): MutationHandler {
    return async (run) => {
      const watch = attend(run.node.id);
      if (watch === undefined) {
        throw new MistakeError(`Cannot power '${run.node.name}' as its /platform is not '${parts.platform}'`);
      }
      try {
        await work(watch, run);
      } catch (error) {
        throw run.signal.aborted ? error : blameless(error);
      }
    };
  }
  const turn = (led: Led) => handler((watch, run) => watch.turnLed(run, led));
  const find = handler((watch, run) => watch.find(run));

  const withdraw = parts.logs?.offer(parts.platform, async (id, count, ask) => {
    const node = context.node(id);
    if (node?.cfg.get("/platform") === parts.platform) return await driver.readLog?.(node, count, ask);
    throw new UnavailableError("this aggregator no longer manages it");
  });

  for (const { id } of context.nodes()) attend(id);
  context.onChange(attend);
  return {
    mutations: {
      "find-off": find,
      "find-on": find,
      "power-on": handler((watch, run) => watch.powerOn(run)),
      "power-off": handler((watch, run) => watch.powerOff(run)),
      "reset-hang": handler((watch, run) => watch.resetHang(run)),
      "cycle-off": noteDone,
      "no-order": noteDone,
    },
    restart: handler((watch, run) => watch.restart(run)),
    resets: {
      reset: handler((watch, run) => watch.reset(run)),
      "reset-over": handler((watch, run) => watch.resetOver(run)),
      "no-reset": noteDone,
      "no-interrupt": noteDone,
    },
    interrupt: handler((watch, run) => watch.interrupt(run)),
    leds: {
      "led-first-on": turn("ON"),
      "led-first-off": turn("OFF"),
      "led-on": turn("ON"),
      "led-off": turn("OFF"),
    },
    blinks: {
      "led-first-blink": turn("BLINKING"),
      "led-blink": turn("BLINKING"),
      "led-on-blink": turn("BLINKING"),
      "led-blink-on": turn("ON"),
      "led-blink-off": turn("OFF"),
    },
    async stop() {
      withdraw?.();
      for (const watch of watches.values()) watch.stop(false);
      await driver.stop?.();
    },
  };
}

/** Notes that an order was carried out by other steps of the plan, or was never given. */
function noteDone(run: MutationRun): void {
  run.discover("/power/order", "DONE");
}

/** Turns any error of a request into one that blames no machine: only observations prove that a machine hangs. */
function blameless(error: unknown): Error {
  const isKnown = error instanceof DeclinedError || error instanceof MistakeError || error instanceof UnavailableError;
  return isKnown ? error : new DeclinedError(errorText(error));
}

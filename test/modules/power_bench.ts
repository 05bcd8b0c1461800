import {
  type ChangeOutcome,
  type PowerDriver,
  type PowerSettings,
  type Reading,
  startPower,
} from "../../modules/power/mod.ts";
import { redfishDeclaration } from "../../modules/redfish/declaration.ts";
import { createLog } from "../../src/log.ts";
import { defineModule } from "../../src/module/mod.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual_clock.ts";
import { type HostedForTest, hostForTest, type TestNode, testNode } from "./module_fixture.ts";

/** A driver that a test plays, and what it was asked for. */
export interface BenchDriver extends PowerDriver {
  read: PowerDriver["read"];
  change: PowerDriver["change"];
  sense: NonNullable<PowerDriver["sense"]>;
  hears: NonNullable<PowerDriver["hears"]>;
  /** When it was read, in clock milliseconds, and whether urgently. */
  readonly reads: { readonly at: number; readonly urgent: boolean; readonly signal: AbortSignal }[];
  readonly orders: string[];
  /** When its sensors were read. */
  readonly senses: number[];
  /** The names of nodes that it was told of, and of those that it was told to forget. */
  readonly attended: string[];
  readonly forgotten: string[];
  stopped: boolean;
}

/** What power modules share, with one node, on a clock that the test moves. All random shares are the same. */
export interface Bench extends HostedForTest {
  readonly clock: VirtualClock;
  readonly node: TestNode;
  readonly driver: BenchDriver;
  readonly settings: { -readonly [name in keyof PowerSettings]: PowerSettings[name] };
  /** Has the node looked at soon, as a driver does that heard of something. */
  look(): void;
  /** The program's log. */
  readonly lines: string[];
}

export const ON: Reading = { power: "on", said: "it is on" };
export const OFF: Reading = { power: "off", said: "it is off" };
export const TAKEN: ChangeOutcome = { kind: "taken" };

/** Runs a test with a bench whose controller says that the machine is off, and takes every order. */
export async function withBench(
  settings: Partial<PowerSettings>,
  run: (bench: Bench) => Promise<void>,
  random = 0.5,
): Promise<void> {
  const clock = createVirtualClock();
  const own = { poll: 10_000, sense: 0, graceful: 0, settle: 5_000, ...settings };
  const node = testNode("n1", { "/platform": "redfish" });
  node.view.set("/platform", "redfish");
  const lines: string[] = [];
  let look = (_id: string) => {};
  const driver: BenchDriver = {
    ...{ reads: [], orders: [], senses: [], attended: [], forgotten: [], stopped: false },
    read: async () => OFF,
    change: async () => TAKEN,
    sense: async () => ({}),
    hears: () => false,
    attend: ({ name }) => void driver.attended.push(name),
    forget: (id) => void driver.forgotten.push(id),
    async stop() {
      driver.stopped = true;
    },
  };
  const module = defineModule(redfishDeclaration, (context) => {
    const power = startPower(context, {
      platform: "redfish",
      settings: () => own,
      makeDriver(_context, lookAt) {
        look = lookAt;
        return {
          ...driver,
          read(node, ask) {
            driver.reads.push({ at: clock.now(), urgent: ask.urgent, signal: ask.signal });
            return driver.read(node, ask);
          },
          change(node, change, ask) {
            driver.orders.push(change);
            return driver.change(node, change, ask);
          },
          sense(node, signal) {
            driver.senses.push(clock.now());
            return driver.sense(node, signal);
          },
          hears: (id) => driver.hears(id),
        };
      },
    });
    const { mutations, restart, resets, interrupt, leds, blinks, stop } = power;
    return { mutations: { ...mutations, "restart-hang": restart, ...resets, interrupt, ...leds, ...blinks }, stop };
  });
  const hosted = await hostForTest(module, [node], {
    ...{ role: "parent", own: testNode("root"), clock, random: () => random },
    log: createLog((line) => void lines.push(line)),
  });
  try {
    await run({ ...hosted, clock, node, driver, settings: own, look: () => look(node.id), lines });
  } finally {
    await hosted.host.stop();
  }
}

import { createAggregator } from "../../aggregator/create_aggregator.ts";
import { createEnrolment, type Enrolment } from "../../aggregator/boot/enrolment.ts";
import { createUnknownMachines, type UnknownMachines } from "../../aggregator/nodes/unknown_machines.ts";
import { openMemoryStore } from "../../aggregator/store/memory.ts";
import { createJoinModule } from "../../modules/join/module.ts";
import { powerMutations } from "../../modules/power/declaring.ts";
import type { PxeRegistry } from "../../modules/pxe/registry.ts";
import { createPxeModule } from "../../modules/pxe/module.ts";
import { createRpiModule } from "../../modules/rpi/module.ts";
import { createLog } from "../../src/log.ts";
import { defineModule } from "../../src/module/mod.ts";
import { declareModule } from "../../src/plan/mod.ts";
import { core, nodeIdOf, type Value } from "../../src/state/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

export const CLUSTER = "virtual";

const plug = declareModule({
  name: "plug",
  about: "Power of machines of a test",
  extensions: [core],
  discovers: ["/physState"],
  mutations: powerMutations("sim", { find: 20_000, on: 30_000, off: 30_000 }),
});

/** An aggregator with the module `pxe`, and machines that do on the network what a test says, on a clock that stands still. */
export async function createVirtualBoot(options: {
  /** What a machine does each time that it gets power. */
  readonly onPower?: (id: string, registry: PxeRegistry) => void;
  readonly withServices?: boolean;
  /** Why a machine can't boot at this moment. */
  readonly fault?: () => string | undefined;
} = {}) {
  const clock = createVirtualClock();
  const store = openMemoryStore();
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line));
  const on = new Set<string>();
  const orders: string[] = [];
  const ended: string[] = [];
  const enrolment: Enrolment = createEnrolment({ store, facts: new Map(), clock, log, onEnd: (id) => ended.push(id) });
  const parts = { parent: "root", onEnd: enrolment.end, fault: () => Promise.resolve(options.fault?.()) };
  const { module, registry, recheck } = createPxeModule(options.withServices === false ? undefined : parts);
  const power = defineModule(plug, (context) => {
    const state = (id: string) => on.has(id) ? "POWER_ON" : "POWER_OFF";
    const find = ({ node }: { node: { id: string } }) => context.discover(node.id, "/physState", state(node.id));
    const off = ({ node }: { node: { id: string; name: string } }) => {
      orders.push(`${node.name} off`);
      on.delete(node.id);
      context.discover(node.id, "/physState", "POWER_OFF");
    };
    return {
      mutations: {
        "find-off": find,
        "find-on": find,
        "power-on": ({ node }) => {
          orders.push(`${node.name} on`);
          on.add(node.id);
          context.discover(node.id, "/physState", "POWER_ON");
          options.onPower?.(node.id, registry);
        },
        "power-off": off,
        "reset-hang": off,
      },
    };
  });
  const aggregator = createAggregator({
    ...{ cluster: CLUSTER, name: "root", run: "4f9a1d9e-0000-4000-8000-000000000001", store, clock, log },
    modules: [createJoinModule(), module, createRpiModule().module, power],
    agentModules: [],
    grace: 10_000,
    random: () => 0.5,
    send() {},
  });
  const unknownMachines: UnknownMachines = createUnknownMachines(
    clock,
    (mac) => (registry.host(mac) ?? registry.bystander(mac)) !== undefined,
  );
  await aggregator.start({ api: "http://127.0.0.1:1", broker: "mqtt://127.0.0.1:2" });
  const { control } = aggregator;
  return {
    ...{ aggregator, control, clock, registry, recheck, enrolment, unknownMachines, orders, ended, lines, on },
    idOf: (name: string) => nodeIdOf(CLUSTER, name),
    /** Gives nodes exactly this cfg; `/parent` and `/platform` are added. */
    apply(nodes: Record<string, Record<string, Value>>) {
      const wanted = Object.entries(nodes).map(([name, cfg]) => ({
        name,
        cfg: new Map<string, Value>([["/parent", "root"], ["/platform", "sim"], ...Object.entries(cfg)]),
      }));
      return control.apply(wanted, {});
    },
    seen: (name: string, url: string) => control.find(name)?.dsc.get(url),
    events: () => control.events(0, 1_000).map(({ why }) => why),
  };
}

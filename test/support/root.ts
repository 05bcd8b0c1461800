import assert from "node:assert/strict";
import { createAggregator } from "../../aggregator/create_aggregator.ts";
import type { BrokerWatch } from "../../aggregator/broker/watch.ts";
import type { OwnInterface } from "../../aggregator/cfg/parts.ts";
import type { NodeChange } from "../../aggregator/cfg/change.ts";
import type { Control } from "../../aggregator/control/control.ts";
import type { Upstream } from "../../aggregator/links/upstream_link.ts";
import { openMemoryStore, type Store } from "../../aggregator/store/mod.ts";
import type { Aggregator, AggregatorParts } from "../../aggregator/types.ts";
import { image } from "../../modules/image/declaration.ts";
import { createJoinModule } from "../../modules/join/module.ts";
import { createPxeModule } from "../../modules/pxe/module.ts";
import { rpi } from "../../modules/rpi/declaration.ts";
import { serviceDeclaration } from "../../modules/service/declaration.ts";
import { simpowerDeclaration } from "../../modules/simpower/declaration.ts";
import { createLog } from "../../src/log.ts";
import { defineModule, type ModuleContext } from "../../src/module/mod.ts";
import { nodeIdOf, type Value } from "../../src/state/mod.ts";
import { createVirtualClock, type VirtualClock } from "./virtual_clock.ts";
import { type Refusal } from "../../src/toolkit/mod.ts";

const CLUSTER = "demo";

/** A real aggregator on a store in memory and a clock that stands still: nothing is done to any machine. */
export interface TestRoot {
  readonly aggregator: Aggregator;
  readonly control: Control;
  readonly clock: VirtualClock;
  readonly store: Store;
  /** What its module `simpower` may do, whose handlers do nothing. */
  readonly module: ModuleContext;
  idOf(name: string): string;
  /** States what was seen of a node, as a power module does; null forgets. */
  discover(name: string, values: Record<string, Value | null>): void;
  /** Sets cfg of one node. */
  patch(name: string, values: Record<string, Value | null>, dryRun?: boolean): Changes;
  /** Gives nodes exactly this cfg, with `/parent` root and `/platform` sim. */
  apply(nodes: Record<string, Record<string, Value>>): Changes;
  /** What a node's cfg has for a URL. */
  cfg(name: string, url: string): Value | undefined;
}

/** What became of a write. */
export type Changes = { readonly ok: true; readonly changes: readonly NodeChange[] } | Refusal;

/** Makes it, with nodes of these names that are off. @param options `upstream`: it is an aggregator below the root. */
export async function createTestRoot(options: {
  readonly names?: readonly string[];
  readonly interfaces?: readonly OwnInterface[];
  readonly store?: Store;
  readonly upstream?: Upstream;
  readonly uplink?: BrokerWatch;
  readonly broker?: string;
  readonly publish?: AggregatorParts["publish"];
  readonly nodeMetrics?: boolean;
  readonly onLogLevel?: AggregatorParts["onLogLevel"];
} = {}): Promise<TestRoot> {
  const clock = createVirtualClock();
  const store = options.store ?? openMemoryStore();
  let power: ModuleContext | undefined;
  const { extensions } = simpowerDeclaration;
  const silent = defineModule({ ...simpowerDeclaration, extensions: [...extensions, rpi, image] }, (context) => {
    power = context;
    const mutations = Object.keys(simpowerDeclaration.mutations).map((name) => [name, () => {}] as const);
    return { mutations: Object.fromEntries(mutations) };
  });
  const aggregator = createAggregator({
    ...{ cluster: CLUSTER, name: "root", run: "4f9a1d9e-0000-4000-8000-000000000001", store, clock },
    log: createLog(() => {}),
    modules: [createJoinModule(), createPxeModule().module, silent],
    agentModules: [serviceDeclaration],
    grace: 10_000,
    random: () => 0.5,
    send() {},
    interfaces: () => options.interfaces ?? [],
    ...(options.upstream !== undefined && { upstream: options.upstream }),
    ...(options.uplink !== undefined && { uplink: options.uplink }),
    ...(options.publish !== undefined && { publish: options.publish }),
    nodeMetrics: options.nodeMetrics === true,
    ...(options.onLogLevel !== undefined && { onLogLevel: options.onLogLevel }),
  });
  await aggregator.start({ api: "http://127.0.0.1:1", broker: options.broker ?? "mqtt://127.0.0.1:2" });
  const { control } = aggregator;
  assert.ok(power !== undefined, "its module has not started");
  const module: ModuleContext = power;
  const root: TestRoot = {
    ...{ aggregator, control, clock, store, module },
    idOf: (name) => nodeIdOf(CLUSTER, name),
    discover(name, values) {
      for (const [url, value] of Object.entries(values)) module.discover(root.idOf(name), url, value);
    },
    patch: (name, values, dryRun = false) =>
      control.patchCfg([{ id: control.find(name)?.id ?? name, values: new Map(Object.entries(values)) }], { dryRun }),
    apply(nodes) {
      const wanted = Object.entries(nodes).map(([name, cfg]) => ({
        name,
        cfg: new Map<string, Value>([["/parent", "root"], ["/platform", "sim"], ...Object.entries(cfg)]),
      }));
      return control.apply(wanted, {});
    },
    cfg: (name, url) => control.find(name)?.cfg.get(url),
  };
  const names = options.names ?? [];
  if (names.length > 0) {
    assert.deepEqual(refusalOf(root.apply(Object.fromEntries(names.map((name) => [name, {}])))), []);
  }
  for (const name of names) root.discover(name, { "/physState": "POWER_OFF" });
  return root;
}

/** Why a write was refused: its kind, and everything that is wrong; nothing where it was done. */
export function refusalOf(result: Changes): string[] {
  return result.ok ? [] : [result.kind, ...result.problems];
}

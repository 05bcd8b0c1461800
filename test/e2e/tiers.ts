import type { AggregatorBelow } from "../../scripts/cluster/cluster.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { createApi } from "../../scripts/cluster/api.ts";
import { nodeIdOf } from "../../src/state/mod.ts";
import { type Lab, SYNC, withLab } from "./lab.ts";

/** A lab of three tiers: a root, two rows, and racks below them. */
export interface TieredLab extends Lab {
  /** The API of one of its aggregators. */
  api(name: string): string;
  /** Any request to one of its aggregators. */
  ask(name: string, method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  /** Whether a node's agent is linked to the aggregator of this name. */
  isServedBy(name: string, node: string): Promise<boolean>;
}

/** Runs a test on a tree of real processes; all nodes are asked to be in SYNC, and `parentOf` says below whom. */
export async function withTiers(
  options: {
    readonly count: number;
    /** `standby` names the one that stands by for it, as its cfg has it. */
    readonly below: readonly (AggregatorBelow & { readonly standby?: string })[];
    readonly parentOf: (place: number) => string;
    readonly broker?: string;
  },
  run: (lab: TieredLab) => Promise<void>,
): Promise<void> {
  const parents = new Map(Array.from({ length: options.count }, (_, at) => [`n${at + 1}`, options.parentOf(at)]));
  await withLab({ ...options, parents }, async (lab) => {
    const config = { endpoint: lab.cluster.bmc, poll: 250 };
    await createApi(lab.cluster.api).apply([
      ...options.below.map(({ name, parent, standby }) => ({
        name,
        cfg: {
          ...{ role: "AGGREGATOR", parent, services: { simpower: { config } } },
          ...(standby !== undefined && { standby }),
        },
      })),
      ...lab.names.map((name) => ({
        name,
        id: nodeIdOf("lab", name),
        cfg: { ...SYNC, parent: parents.get(name) },
      })),
    ]);
    const tiered: TieredLab = {
      ...lab,
      api: (name) => lab.cluster.aggregators.get(name)?.api ?? "",
      ask: (name, method, path, body) => lab.request(method, path, body, tiered.api(name)),
      async isServedBy(name, node) {
        const { status, body } = await tiered.ask(name, "GET", `/nodes/${node}`);
        return status === 200 && JSON.stringify(body).includes('"link":"UP"') &&
          JSON.stringify(body).includes(`"parent":"${name}"`);
      },
    };
    await run(tiered);
  });
}

/** Waits until an aggregator says so of the health of its subtree. */
export async function waitForHealth(lab: TieredLab, name: string, of: string, health: string): Promise<void> {
  await waitFor(`${name} says that ${of} is ${health}`, async () => {
    const { body } = await lab.ask(name, "GET", "/tree");
    const text = JSON.stringify(body);
    if (new RegExp(`"name":"${of}"[^}]*"health":"${health}"`).test(text)) return true;
    throw new Error(text.slice(0, 600));
  });
}

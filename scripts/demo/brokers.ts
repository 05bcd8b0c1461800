import { join } from "node:path";
import { ProgramError } from "../../src/cli/mod.ts";
import { nodeIdOf } from "../../src/state/mod.ts";
import { NO_MOSQUITTO, startBridgedMosquittos, startMosquitto } from "../brokers/mosquitto.ts";

/** The brokers of a demo: where the root is, and where everything below it. Undefined: embedded ones. */
export interface DemoBrokers {
  readonly root: string | undefined;
  readonly below: string | undefined;
  /** Where the root publishes its state; undefined: nowhere, as the broker is another one's, who may not want that. */
  readonly publish: string | undefined;
  stop(): Promise<void>;
}

const NONE: DemoBrokers = { root: undefined, below: undefined, publish: "embedded", stop: () => Promise.resolve() };

/**
 * Starts what `--broker` asks for.
 *
 * @param wanted Undefined for embedded brokers; `mosquitto`; or the URL of one that runs.
 * @throws {ProgramError} When Mosquitto is not installed.
 */
export async function startBrokers(
  wanted: string | undefined,
  options: { readonly folder: string; readonly cluster: string; readonly root: string; readonly tiers: number },
): Promise<DemoBrokers> {
  if (wanted === undefined) return NONE;
  if (wanted !== "mosquitto") return { ...NONE, root: wanted, below: wanted, publish: undefined };
  if (NO_MOSQUITTO !== undefined) throw new ProgramError(NO_MOSQUITTO);
  const folder = join(options.folder, "brokers");
  if (options.tiers === 1) {
    const { url, stop } = await startMosquitto({ folder });
    return { root: url, below: url, publish: url, stop };
  }
  const { core, leaf, stop } = await startBridgedMosquittos({
    folder,
    cluster: options.cluster,
    rootId: nodeIdOf(options.cluster, options.root),
  });
  return { root: core.url, below: leaf.url, publish: core.url, stop };
}

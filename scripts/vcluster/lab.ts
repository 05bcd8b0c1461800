import { writeFileSync } from "node:fs";
import type { Server } from "node:net";
import { join } from "node:path";
import { type Running } from "../cluster/process.ts";
import { DENO_CONFIG, denoPath, ROOT } from "../runtimes.ts";
import type { LabConfig } from "./lab_config.ts";
import { startInside } from "./namespace.ts";
import { startRelay } from "./relay.ts";

/** A virtual cluster that runs. */
export interface Lab {
  readonly cluster: string;
  readonly dhcp: LabConfig["dhcp"];
  /** Where the aggregator's API is, such as `http://127.0.0.1:3141`. */
  readonly api: string;
  /** Paths of what the aggregator needs to talk to the machines' controllers. */
  readonly credentials: string;
  readonly authority: string;
  readonly inside: Running;
  /** Ends everything. Resolves when nothing of it is left. */
  stop(): Promise<void>;
}

/**
 * Starts the network, the machines, their controllers and the aggregator, all machines off.
 *
 * @param port Of the API on this machine's loopback; 0: any free one.
 */
export async function startLab(config: LabConfig, port: number, signal?: AbortSignal): Promise<Lab> {
  const file = join(config.folder, "lab.json");
  writeFileSync(file, JSON.stringify(config));
  const main = join(ROOT, "scripts/vcluster/inside/main.ts");
  const inside = await startInside({
    command: [denoPath(), "run", "-A", "--quiet", "--no-check", "--config", DENO_CONFIG, main, "--config", file],
    logFile: join(config.folder, "inside.log"),
    ...(signal === undefined ? {} : { signal }),
  });
  let relay: Server;
  try {
    relay = await startRelay({ host: "127.0.0.1", port }, { path: String(inside.ready["api"]) });
  } catch (error) {
    await inside.kill();
    throw error;
  }
  const address = relay.address();
  return {
    cluster: config.cluster,
    dhcp: config.dhcp,
    api: `http://127.0.0.1:${typeof address === "object" ? address?.port : port}`,
    credentials: String(inside.ready["credentials"]),
    authority: String(inside.ready["authority"]),
    inside,
    async stop() {
      relay.close();
      await inside.stop();
    },
  };
}

import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "../../../src/log.ts";
import { type Running, startKraken } from "../../cluster/process.ts";
import { programCommand } from "../../runtimes.ts";
import { type LabConfig, NETWORK } from "../lab_config.ts";
import { errorText } from "../../../src/toolkit/mod.ts";

/** Milliseconds before an aggregator that has ended is started again. */
const PAUSE = 500;

/** Starts the aggregator, and again whenever it ends, as a site's service manager does. */
export async function superviseAggregator(
  config: LabConfig,
  log: Log,
  signal: AbortSignal,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const { folder } = config;
  const launch = (port: number): Promise<Running> =>
    startKraken({
      command: [
        ...programCommand("aggregator", "source"),
        ...["--cluster", config.cluster, "--name", "root", "--data", join(folder, "aggregator")],
        ...["--http-port", String(port), "--mqtt-port", "1883", "--grace", config.grace],
        ...["--boot-address", NETWORK.address, "--boot-port", String(NETWORK.bootPort)],
        ...["--boot-files", config.bootFiles, "--dhcp", config.dhcp],
      ],
      logFile: join(folder, "aggregator.log"),
      pidFile: join(folder, "aggregator.pid"),
    });
  let running = await launch(0);
  const port = Number(running.ready["http"]);
  async function supervise(): Promise<void> {
    while (!signal.aborted) {
      await running.exited;
      if (signal.aborted) return;
      log.warn("The aggregator has ended: starting it again");
      await delay(PAUSE);
      try {
        running = await launch(port);
      } catch (error) {
        log.error("The aggregator can't be started", { why: errorText(error) });
      }
    }
  }
  void supervise();
  return { port, stop: () => running.stop() };
}

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Peer, startPeer } from "../../scripts/bench/sync/peer.ts";
import type { Broker } from "../../scripts/brokers/broker.ts";
import { startMosquitto } from "../../scripts/brokers/mosquitto.ts";

/** Where a machine's agent would run: the links of all of them are the generator's. */
export const NO_AGENT: readonly string[] = ["sh", "-c", "exec sleep 100000"];

/** Runs a test with a Mosquitto and a generator of links, and ends both, whatever happens. */
export async function withLinks(run: (broker: Broker, generator: Peer) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "kraken-links-"));
  const closing = new AbortController();
  try {
    const broker = await startMosquitto({ folder });
    try {
      const logFile = join(folder, "generator.log");
      const generator = await startPeer({ file: "generator/main.ts", logFile, signal: closing.signal });
      try {
        await run(broker, generator);
      } finally {
        await generator.stop();
      }
    } finally {
      await broker.stop();
    }
  } finally {
    closing.abort();
    rmSync(folder, { recursive: true, force: true });
  }
}

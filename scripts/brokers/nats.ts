import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../runtimes.ts";
import { type Broker, startBroker } from "./broker.ts";
import { fillIn } from "./fill_in.ts";
import { freePort } from "./ports.ts";

const PLACES = ["/usr/sbin/nats-server", "/usr/local/sbin/nats-server", "/usr/bin/nats-server"];

/** Where NATS is installed; undefined where it is not. */
export const NATS: string | undefined = PLACES.find((place) => existsSync(place));
/** Why NATS can't be used here, if it can't. */
export const NO_NATS: string | undefined = NATS === undefined
  ? "NATS is not installed: apt-get install nats-server"
  : undefined;

/**
 * Starts NATS on loopback, as examples/brokers/nats has it: its users are the root and n1 to n3 of the cluster "demo".
 *
 * @param options A folder of its own, for its files, its store and its log; the port of MQTT, 0 for any that is free.
 */
export function startNats(
  options: { readonly folder: string; readonly port?: number; readonly signal?: AbortSignal },
): Promise<Broker> {
  const { folder } = options;
  return startBroker({
    port: options.port ?? 0,
    logFile: join(folder, "nats.log"),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    async prepare(port) {
      if (NATS === undefined) throw new Error(NO_NATS);
      mkdirSync(folder, { recursive: true });
      const file = join(folder, "nats-server.conf");
      const config = fillIn(example("nats-server.conf"), {
        "host: 0.0.0.0": "host: 127.0.0.1",
        "port: 4222": `port: ${await freePort()}`,
        "port: 1883": `port: ${port}`,
        "/var/lib/nats": join(folder, "store"),
      });
      writeFileSync(file, config);
      writeFileSync(join(folder, "kraken-users.conf"), example("kraken-users.conf"), { mode: 0o600 });
      return [NATS, "-c", file];
    },
  });
}

function example(file: string): string {
  return readFileSync(join(ROOT, "examples/brokers/nats", file), "utf8");
}

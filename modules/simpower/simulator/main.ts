// The simulated controllers as a program of their own: `main.ts --config FILE [--port N]`. It prints one line of JSON when
// it listens, {"ready":true,"port":N}, and powers every machine off before it ends on SIGTERM or SIGINT.
import { serve } from "@hono/node-server";
import { readFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { systemClock } from "../../../src/clock.ts";
import { createLog } from "../../../src/log.ts";
import { seededRandom } from "./chance.ts";
import { parseSimulatorConfig, type SimulatorConfig } from "./config.ts";
import { createMachine } from "./machine.ts";
import { createReaper } from "./reaper.ts";
import { createRedfishApp } from "./redfish.ts";

const HOST = "127.0.0.1";

/** Reads the command line. */
function readFlags(): { readonly config: SimulatorConfig; readonly port: number } {
  const { values } = parseArgs({ options: { config: { type: "string" }, port: { type: "string", default: "0" } } });
  if (values.config === undefined) throw new TypeError("Expected --config FILE [--port N]");
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535) {
    throw new RangeError(`Cannot listen on port '${values.port}': expected a number from 0 to 65535`);
  }
  return { config: parseSimulatorConfig(JSON.parse(readFileSync(values.config, "utf8"))), port };
}

/** Ends the program with a message. */
function refuse(error: unknown, code: 1 | 2): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(code);
}

async function run({ config, port }: ReturnType<typeof readFlags>): Promise<void> {
  const log = createLog((line) => process.stderr.write(line));
  const parts = { clock: systemClock, random: seededRandom(config.seed), reaper: createReaper(systemClock), log };
  const machines = config.systems.map((system) => createMachine(system, config, parts));
  async function unplugAll(): Promise<void> {
    await Promise.all(machines.map((machine) => machine.unplug()));
  }
  await unplugAll(); // what a simulator that was killed left running

  const server = serve({ fetch: createRedfishApp(machines).fetch, hostname: HOST, port }, (address) => {
    process.stdout.write(`${JSON.stringify({ ready: true, port: address.port })}\n`);
  });
  server.on("error", (error: NodeJS.ErrnoException) => {
    const busy = error.code === "EADDRINUSE";
    refuse(busy ? `Cannot listen on ${HOST}:${port} as the port is in use` : error, 1);
  });
  let stopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      server.close();
      unplugAll().then(() => process.exit(0), (error) => refuse(error, 1));
    });
  }
}

try {
  await run(readFlags());
} catch (error) {
  refuse(error, 2);
}

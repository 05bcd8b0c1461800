// The simulated controllers as a program of their own. It prints one line of JSON when it listens,
// {"ready":true,"port":N}, and powers every machine off before it ends on SIGTERM or SIGINT.
import { serve } from "@hono/node-server";
import type { Hono } from "hono";
import { readFileSync } from "node:fs";
import process from "node:process";
import { defineProgram, EXIT, ProgramError, runProgram, untilAborted } from "../../../src/cli/mod.ts";
import { systemClock } from "../../../src/clock.ts";
import { createLog } from "../../../src/log.ts";
import { seededRandom } from "./chance.ts";
import { parseSimulatorConfig, type SimulatorConfig } from "./config.ts";
import { createMachine } from "./machine.ts";
import { createReaper } from "./reaper.ts";
import { createRedfishApp } from "./redfish.ts";

const HOST = "127.0.0.1";

const program = defineProgram({
  name: "kraken-simulator",
  about: "Simulated machines: a controller for each, in the shape of Redfish, that starts and kills real agents.",
  options: {
    config: { kind: "string", required: true, placeholder: "FILE", help: "The machines and how they behave, as JSON" },
    port: { kind: "integer", default: 0, max: 65_535, help: "Port of the controllers on loopback; 0: any free one" },
  },
});

await runProgram(program, async ({ options, terminal, signal }) => {
  const config = readConfig(options.config);
  const log = createLog((line) => process.stderr.write(line));
  const parts = { clock: systemClock, random: seededRandom(config.seed), reaper: createReaper(systemClock), log };
  const machines = config.systems.map((system) => createMachine(system, config, parts));
  async function unplugAll(): Promise<void> {
    await Promise.all(machines.map((machine) => machine.unplug()));
  }
  await unplugAll(); // what a simulator that was killed left running
  const server = await listen(createRedfishApp(machines), options.port);
  terminal.write(`${JSON.stringify({ ready: true, port: server.port })}\n`);
  await untilAborted(signal);
  server.close();
  await unplugAll();
  return EXIT.ok;
});

function readConfig(file: string): SimulatorConfig {
  try {
    return parseSimulatorConfig(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new ProgramError(`Cannot read the config '${file}': ${problem}`, EXIT.usage);
  }
}

function listen(app: Hono, port: number): Promise<{ readonly port: number; close(): void }> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: HOST, port }, (address) => {
      resolve({ port: address.port, close: () => server.close() });
    });
    server.on("error", (error: NodeJS.ErrnoException) => {
      const why = error.code === "EADDRINUSE" ? "the port is in use" : error.message;
      reject(new ProgramError(`Cannot listen on ${HOST}:${port} as ${why}`));
    });
  });
}

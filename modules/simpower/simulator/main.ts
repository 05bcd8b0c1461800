// The simulated controllers as a program of their own. It prints one line of JSON when it listens,
// {"ready":true,"port":N}, and powers every machine off before it ends on SIGTERM or SIGINT.
import { readFileSync } from "node:fs";
import process from "node:process";
import { defineProgram, EXIT, ProgramError, runProgram, untilAborted } from "../../../src/cli/mod.ts";
import { systemClock } from "../../../src/clock.ts";
import { createLog } from "../../../src/log.ts";
import { seededRandom } from "./chance.ts";
import { parseSimulatorConfig, type SimulatorConfig } from "./config.ts";
import { createProcessMachine } from "./process_machine.ts";
import { createReaper } from "./reaper.ts";
import { startSimulator } from "./start_simulator.ts";
import { errorText } from "../../../src/toolkit/mod.ts";

const HOST = "127.0.0.1";

const program = defineProgram({
  name: "kraken-simulator",
  about: "Simulates machines: a Redfish controller for each, which starts and kills real agents.",
  options: {
    config: { kind: "string", required: true, placeholder: "FILE", help: "Machines and their behaviour, as JSON" },
    port: { kind: "integer", default: 0, max: 65_535, help: "Port of the controllers on loopback; 0: any free one" },
  },
});

await runProgram(program, async ({ options, terminal, signal }) => {
  const config = readConfig(options.config);
  const log = createLog((line) => process.stderr.write(line));
  const parts = { clock: systemClock, random: seededRandom(config.seed), log };
  const reaper = createReaper(systemClock);
  const simulator = await startSimulator({
    ...parts,
    systems: config.systems,
    machineOf: (system) => createProcessMachine(system, config, { ...parts, reaper }),
    config,
    host: HOST,
    port: options.port,
    ...(config.tls !== undefined && {
      tls: { certificate: readPem(config.tls.certificate), key: readPem(config.tls.key) },
    }),
  }).catch((error: unknown) => {
    throw new ProgramError(errorText(error));
  });
  terminal.write(`${JSON.stringify({ ready: true, port: simulator.port })}\n`);
  await untilAborted(signal);
  await simulator.close();
  return EXIT.ok;
});

function readConfig(file: string): SimulatorConfig {
  try {
    return parseSimulatorConfig(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    const problem = errorText(error);
    throw new ProgramError(`Cannot read the config '${file}': ${problem}`, EXIT.usage);
  }
}

function readPem(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ProgramError(`Cannot read '${file}': ${errorText(error)}`);
  }
}

// Measures one part of Kraken and prints tables, or with --json one object.
// Usage: npm run -s bench -- NAME [OPTION ...]
import process from "node:process";
import {
  callProgram,
  EXIT,
  type Options,
  type Program,
  type ProgramRun,
  runProcess,
  systemTerminal,
  type Terminal,
} from "../../src/cli/mod.ts";
import type { Bench } from "./bench.ts";
import { runAgentBench } from "./agent/main.ts";
import { program as agent } from "./agent/options.ts";
import { runApiBench } from "./api/main.ts";
import { program as api } from "./api/options.ts";
import { runBootBench } from "./boot/main.ts";
import { program as boot } from "./boot/options.ts";
import { runFleetBench } from "./fleet/main.ts";
import { program as fleet } from "./fleet/options.ts";
import { runImageBench } from "./image/main.ts";
import { program as image } from "./image/options.ts";
import { runPlanBench } from "./plan/main.ts";
import { program as plan } from "./plan/options.ts";
import { runSyncBench } from "./sync/main.ts";
import { program as sync } from "./sync/options.ts";

const NAMES = ["agent", "api", "boot", "fleet", "image", "plan", "sync"];

function print(terminal: Terminal, { data, table }: Bench, json: boolean): number {
  terminal.write(json ? `${JSON.stringify(data, undefined, 2)}\n` : table);
  return EXIT.ok;
}

/** Runs a bench as a process of its own kind: its signals end it. */
async function start<const O extends Options>(
  program: Program<O>,
  work: (run: ProgramRun<O>) => Promise<number>,
): Promise<void> {
  await runProcess(program.name, async (io) => await callProgram(program, { ...io, args }, work));
}

const [name, ...args] = process.argv.slice(2);
if (name === "sync") {
  await start(
    sync,
    async ({ options, terminal, signal }) => print(terminal, await runSyncBench({ ...options, signal }), options.json),
  );
} else if (name === "agent") {
  await start(
    agent,
    async ({ options, terminal, signal }) => print(terminal, await runAgentBench({ ...options, signal }), options.json),
  );
} else if (name === "api") {
  await start(
    api,
    async ({ options, terminal, signal }) => print(terminal, await runApiBench({ ...options, signal }), options.json),
  );
} else if (name === "boot") {
  await start(
    boot,
    async ({ options, terminal, signal }) => print(terminal, await runBootBench({ ...options, signal }), options.json),
  );
} else if (name === "fleet") {
  await start(
    fleet,
    async ({ options, terminal, signal }) => print(terminal, await runFleetBench({ ...options, signal }), options.json),
  );
} else if (name === "image") {
  await start(
    image,
    async ({ options, terminal, signal }) => print(terminal, await runImageBench({ ...options, signal }), options.json),
  );
} else if (name === "plan") {
  // Without runProcess: it takes the signals, and hears none while the planner works.
  const io = { args, env: process.env, terminal: systemTerminal(), signal: new AbortController().signal };
  process.exitCode = await callProgram(
    plan,
    io,
    async ({ options, terminal }) => print(terminal, await runPlanBench(), options.json),
  );
} else {
  const isHelp = name === "--help" || name === "-h";
  const usage =
    `Usage: npm run -s bench -- NAME [OPTION ...], where NAME is ${NAMES.slice(0, -1).join(", ")} or ${
      NAMES.at(-1)
    }\n` +
    "See `npm run -s bench -- NAME --help`\n";
  if (isHelp) process.stdout.write(usage);
  else process.stderr.write(`${name === undefined ? "NAME is missing" : `There is no bench '${name}'`}\n${usage}`);
  process.exitCode = isHelp ? EXIT.ok : EXIT.usage;
}

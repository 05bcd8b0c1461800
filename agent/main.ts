import process from "node:process";
import { runProgram } from "../src/cli/mod.ts";
import { systemClock } from "../src/clock.ts";
import { createLog } from "../src/log.ts";
import { connectMqtt } from "../src/mqtt/client/mod.ts";
import { program } from "./options.ts";
import { runAgent } from "./run.ts";

await runProgram(program, (run) =>
  runAgent(run, {
    connect: connectMqtt,
    clock: systemClock,
    random: Math.random,
    log: createLog((line) => void process.stderr.write(line), { pretty: process.stderr.isTTY === true }),
  }));

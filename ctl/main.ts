/** krakenctl: steers a cluster from the command line. See docs/cli.md. */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { text } from "node:stream/consumers";
import { runProcess } from "../src/cli/mod.ts";
import { systemClock } from "../src/clock.ts";
import { krakenctl } from "./krakenctl.ts";

const world = {
  fetch,
  clock: systemClock,
  readText: (file: string) => file === "-" ? text(process.stdin) : readFile(file, "utf8"),
};

await runProcess("krakenctl", (io) => krakenctl(io, world));

/** krakenctl: steers a cluster from the command line. See docs/reference/cli.md. */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import { parseTraceparent } from "../src/api/mod.ts";
import { runProcess } from "../src/cli/mod.ts";
import { systemClock } from "../src/clock.ts";
import { krakenctl } from "./krakenctl.ts";

const { TRACEPARENT } = process.env;
const world = {
  ...(TRACEPARENT !== undefined && parseTraceparent(TRACEPARENT) !== undefined && { traceparent: TRACEPARENT }),
  fetch,
  clock: systemClock,
  readText: (file: string) => file === "-" ? text(process.stdin) : readFile(file, "utf8"),
  async ask(question: string, signal: AbortSignal) {
    if (process.stdin.isTTY !== true) return undefined;
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await lines.question(question, { signal });
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    } finally {
      lines.close();
    }
  },
};

await runProcess("krakenctl", (io) => krakenctl(io, world));

import process from "node:process";
import { createLive } from "../../../src/cli/mod.ts";
import { systemClock } from "../../../src/clock.ts";

/** Says on standard error what is being done, and for how long. */
export interface BenchProgress {
  /** What is done from now on. */
  step(what: string): void;
  end(): void;
}

/** See {@link BenchProgress}: a line in place on a screen, a line a step elsewhere. */
export function createBenchProgress(): BenchProgress {
  const isTty = process.stderr.isTTY === true;
  const write = (text: string) => void process.stderr.write(text);
  const live = createLive({
    ...{ isTty, write, writeError: write, colour: false },
    columns: () => isTty ? process.stderr.columns : undefined,
    rows: () => isTty ? process.stderr.rows : undefined,
  }, systemClock);
  let what = "";
  let since = 0;
  const show = () => live.show([`${what} ... ${((performance.now() - since) / 1000).toFixed(0)} s`]);
  const timer = isTty ? setInterval(show, 500) : undefined;
  return {
    step(next) {
      what = next;
      since = performance.now();
      if (isTty) show();
      else write(`${what} ...\n`);
    },
    end() {
      clearInterval(timer);
      live.end();
    },
  };
}

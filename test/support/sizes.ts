import process from "node:process";

/** Whether this run takes its time: `KRAKEN_LONG=1 npm test -- cluster e2e` uses the sizes that docs/sync.md and docs/how-to/recovery.md promise. */
export const IS_LONG = process.env["KRAKEN_LONG"] === "1";

/** The size of a test: `usual` in every `npm test`, `long` in a long run, and a tenth of `usual` on Node and Bun, where only the runtime differs. */
export function sizeOf(usual: number, long: number): number {
  if (IS_LONG) return long;
  return "Deno" in globalThis ? usual : Math.ceil(usual / 10);
}

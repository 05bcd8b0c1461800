// Measures one part of Kraken and prints a table, or with --json one object.
// Usage: npm run -s bench -- NAME [--json]
import process from "node:process";
import { parseArgs } from "node:util";
import { runPlanBench } from "./plan/main.ts";
import type { Bench } from "./bench.ts";

const BENCHES: { readonly [name: string]: () => Promise<Bench> } = {
  plan: runPlanBench,
};

async function run(args: readonly string[]): Promise<number> {
  const usage = `Usage: npm run -s bench -- NAME [--json], where NAME is ${Object.keys(BENCHES).join(" or ")}`;
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      options: { json: { type: "boolean", default: false } },
      allowPositionals: true,
    });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    return 2;
  }
  const { values, positionals: [name, ...more] } = parsed;
  const bench = name !== undefined && more.length === 0 && Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
  if (bench === undefined) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const { data, table } = await bench();
  process.stdout.write(values.json ? `${JSON.stringify(data, undefined, 2)}\n` : table);
  return 0;
}

process.exitCode = await run(process.argv.slice(2));

// Builds every program into dist/: a bundle, and single binaries of it. Prints their sizes and start-up times.
import { relative } from "node:path";
import process from "node:process";
import { stop } from "esbuild";
import { builtFile, ENTRIES, type How, type KrakenProgram, programCommand, ROOT } from "../runtimes.ts";
import { buildBundle } from "./bundle.ts";
import { compileBun, compileDeno, compileSea, haveDenort } from "./compile.ts";
import { install } from "./install.ts";
import { type BuiltFigures, describeTable, measure } from "./measure.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** A bundle is the same file for every runtime: it is measured on Deno. */
type Target = Exclude<How, "source" | "bundle-node" | "bundle-bun">;

const MAKERS: { readonly [target in Target]: (program: KrakenProgram) => Promise<string> } = {
  "bundle-deno": (program) => buildBundle(program),
  "binary-bun": compileBun,
  "binary-sea": compileSea,
  "binary-deno": compileDeno,
};

const progress = (text: string) => process.stderr.write(`${text}\n`);

async function targets(): Promise<readonly (readonly [KrakenProgram, Target])[]> {
  const programs: KrakenProgram[] = ["agent", "aggregator", "krakenctl", "simulator"];
  const compiled = await haveDenort();
  if (!compiled) progress("deno compile: skipped, its base binary comes from Deno's own host");
  progress("Node single executable of the aggregator: skipped, Node 20 has no node:sqlite");
  return programs.flatMap((program) => {
    const made: Target[] = ["bundle-deno", "binary-bun"];
    if (program === "agent" || program === "krakenctl") made.push("binary-sea");
    if (compiled) made.push("binary-deno");
    return made.map((target) => [program, target] as const);
  });
}

const rows: { readonly name: string; readonly figures: BuiltFigures }[] = [];
const list = await targets();
for (const [index, [program, target]] of list.entries()) {
  const file = builtFile(program, target);
  const name = relative(ROOT, file);
  const step = `[${index + 1}/${list.length}] ${name}`;
  progress(`${step}: building ${ENTRIES[program]}`);
  try {
    install(await MAKERS[target](program), file);
    progress(`${step}: measuring`);
    rows.push({ name, figures: await measure(file, programCommand(program, target)) });
  } catch (error) {
    progress(`${step}: FAILED: ${errorText(error)}`);
    process.exitCode = 1;
  }
}
process.stdout.write(describeTable(rows));
await stop();

import { readFileSync } from "node:fs";
import { bunPath } from "../runtimes.ts";
import { buildBundle, type Source, sourceName } from "./bundle.ts";
import { cached, digest } from "./cache.ts";
import { runTool } from "./tool.ts";

const OPTIONS = [
  "--compile",
  // Bytecode costs 1 MB and saves a third of the start-up time, more with a larger program.
  ...["--bytecode", "--format=esm"],
  // A binary is what it is, whatever files lie where it is started: .env and bunfig.toml are not its own.
  ...["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"],
];

/**
 * Compiles a program's bundle and Bun into one executable for this machine's platform.
 *
 * @returns Where it is, in the cache.
 */
export async function compileBun(source: Source): Promise<string> {
  const bundle = await buildBundle(source);
  const key = digest(readFileSync(bundle), await runTool([bunPath(), "--version"]), ...OPTIONS);
  return cached(`${sourceName(source)}-bun`, key, "", async (file) => {
    await runTool([bunPath(), "build", ...OPTIONS, bundle, "--outfile", file]);
  });
}

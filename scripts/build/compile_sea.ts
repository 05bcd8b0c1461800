import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodePath, ROOT } from "../runtimes.ts";
import { buildBundle, type Source, sourceName } from "./bundle.ts";
import { cached, digest } from "./cache.ts";
import { runTool } from "./tool.ts";

/** What Node looks for in itself to know that an application was injected: fixed in Node's documentation. */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

/** The code cache costs little, and saves a quarter of what an agent adds to Node's own start. */
const OPTIONS = { disableExperimentalSEAWarning: true, useCodeCache: true };

/**
 * Makes a Node single-executable application of a program: a copy of Node, stripped of its symbols, with the bundle
 * injected.
 *
 * @returns Where it is, in the cache.
 */
export async function compileSea(source: Source): Promise<string> {
  const bundle = await buildBundle(source, "cjs");
  const key = digest(readFileSync(bundle), await runTool([nodePath(), "--version"]), JSON.stringify(OPTIONS));
  return cached(`${sourceName(source)}-sea`, key, "", async (file) => {
    const [config, blob] = [`${file}.json`, `${file}.blob`];
    writeFileSync(
      config,
      JSON.stringify({ main: bundle, output: blob, ...OPTIONS }),
    );
    await runTool([nodePath(), "--experimental-sea-config", config]);
    // Before injecting: afterwards strip would take the application for rubbish.
    await runTool(["strip", "-o", file, nodePath()]);
    const postject = join(ROOT, "node_modules/postject/dist/cli.js");
    await runTool([nodePath(), postject, file, "NODE_SEA_BLOB", blob, "--sentinel-fuse", FUSE]);
    chmodSync(file, 0o755);
  });
}

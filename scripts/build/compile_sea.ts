import { readFileSync } from "node:fs";
import { nodePath } from "../runtimes.ts";
import { buildBundle, type Source, sourceName } from "./bundle.ts";
import { cached, digest } from "./cache.ts";
import { makeSea } from "./sea.ts";
import { runTool } from "./tool.ts";

/**
 * Makes a Node single-executable application of a program, of the Node that is here.
 *
 * @returns Where it is, in the cache.
 */
export async function compileSea(source: Source): Promise<string> {
  const bundle = await buildBundle(source, "cjs");
  const node = nodePath();
  const forAgents = source === "agent";
  const key = digest(readFileSync(bundle), await runTool([node, "--version"]), String(forAgents));
  return cached(`${sourceName(source)}-sea`, key, "", async (file) => {
    await makeSea(file, { bundle, base: node, builder: node, strip: ["strip"], useCodeCache: true, forAgents });
  });
}

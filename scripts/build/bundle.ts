import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type BuildOptions, type Plugin, transform } from "esbuild";
import { ENTRIES, type KrakenProgram, ROOT } from "../runtimes.ts";
import { cached, digest } from "./cache.ts";

/** `esm` runs everywhere; `cjs` is what a Node single-executable application needs. */
export type Format = "esm" | "cjs";

/** What is bundled: a program, or for tests any file under a name. */
export type Source = KrakenProgram | { readonly name: string; readonly entry: string };

/**
 * Packages that dependencies try to load, and do without where they are absent. They are absent from a bundle: Node
 * prints a warning when a single-executable application asks for them.
 */
const withoutOptionalPackages: Plugin = {
  name: "without-optional-packages",
  setup(build) {
    build.onResolve({ filter: /^(?:bufferutil|utf-8-validate|supports-color)$/ }, ({ path }) => ({
      path,
      namespace: "absent",
    }));
    build.onLoad({ filter: /.*/, namespace: "absent" }, () => ({ contents: `throw new Error("Not bundled");` }));
  },
};

const OUTPUT = {
  platform: "node",
  target: "es2022",
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: "silent",
} as const;

/** The name of what is bundled. */
export function sourceName(source: Source): string {
  return typeof source === "string" ? source : source.name;
}

/**
 * Bundles a program with everything that it imports into one file. Names are kept, so that stack traces can be read.
 *
 * @returns Where the bundle is, in the cache.
 * @throws {Error} When esbuild can't; its message names the file and line.
 */
export async function buildBundle(source: Source, format: Format = "esm"): Promise<string> {
  const name = sourceName(source);
  const entry = typeof source === "string" ? join(ROOT, ENTRIES[source]) : source.entry;
  const code = format === "esm" ? await bundleModule(entry) : await bundleCommonJs(entry);
  const ending = format === "esm" ? ".mjs" : ".cjs";
  return cached(name, digest(code), ending, (file) => writeFileSync(file, code));
}

function bundleModule(entry: string): Promise<string> {
  // Dependencies in CommonJS call require(), which an ES module has not.
  const js = `import { createRequire as krakenCreateRequire } from "node:module";
const require = krakenCreateRequire(import.meta.url);`;
  return bundle({ entryPoints: [entry], banner: { js } });
}

/**
 * CommonJS has no `import.meta` and can't await at its top level. The program is therefore imported from a line of its own,
 * which makes an async function of it, and only the result is turned into CommonJS.
 */
async function bundleCommonJs(entry: string): Promise<string> {
  const module = await bundle({
    stdin: { contents: `void import(${JSON.stringify(entry)});`, resolveDir: ROOT },
    define: { "import.meta.url": "krakenModuleUrl" },
  });
  const banner = `const krakenModuleUrl = require("node:url").pathToFileURL(__filename).href;`;
  return (await transform(module, { ...OUTPUT, format: "cjs", banner })).code;
}

async function bundle(options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    ...options,
    ...OUTPUT,
    absWorkingDir: ROOT,
    bundle: true,
    format: "esm",
    write: false,
    plugins: [withoutOptionalPackages],
  });
  return outputFiles.map(({ text }) => text).join("");
}

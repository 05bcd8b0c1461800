import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type BuildOptions, type Plugin } from "esbuild";
import { ENTRIES, type Program, ROOT } from "../runtimes.ts";
import { cached, digest } from "./cache.ts";

/** `esm` runs everywhere; `cjs` is what a Node single-executable application needs. */
export type Format = "esm" | "cjs";

/** What is bundled: a program, or for tests any file under a name. */
export type Source = Program | { readonly name: string; readonly entry: string };

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

/** Dependencies in CommonJS call `require`, which an ES module has not. */
const ESM_OPTIONS = {
  banner: {
    js: `import { createRequire as krakenCreateRequire } from "node:module";
const require = krakenCreateRequire(import.meta.url);`,
  },
} satisfies BuildOptions;
/** And CommonJS has no `import.meta`. */
const CJS_OPTIONS = {
  define: { "import.meta.url": "krakenModuleUrl" },
  banner: { js: `const krakenModuleUrl = require("node:url").pathToFileURL(__filename).href;` },
} satisfies BuildOptions;

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
  const { outputFiles } = await build({
    entryPoints: [typeof source === "string" ? join(ROOT, ENTRIES[source]) : source.entry],
    absWorkingDir: ROOT,
    bundle: true,
    platform: "node",
    target: "es2022",
    format,
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: "silent",
    write: false,
    plugins: [withoutOptionalPackages],
    ...(format === "esm" ? ESM_OPTIONS : CJS_OPTIONS),
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`Cannot bundle "${name}" as esbuild made no file of it`);
  const ending = format === "esm" ? ".mjs" : ".cjs";
  return cached(name, digest(output.contents), ending, (file) => writeFileSync(file, output.contents));
}

import process from "node:process";
import * as stdCliModule from "@std/cli/parse-args";
import { VERSION } from "../version.ts";

/** The one place that imports `@std/cli`: from JSR where deno.json is used, otherwise our own stand-in (packages/std-cli). */

/** The part of `@std/cli`'s ParseOptions that Kraken uses. */
export interface ParseArgsOptions {
  readonly string?: readonly string[];
  readonly boolean?: readonly string[];
  readonly collect?: readonly string[];
  readonly alias?: { readonly [name: string]: string };
  readonly stopEarly?: boolean;
  readonly unknown?: (argument: string, name?: string) => unknown;
}

/** Arguments as they were found: values by option name, and what belongs to no option. */
export interface ParsedArgs {
  readonly [name: string]: unknown;
  readonly _: readonly (string | number)[];
}

/** Parses `args` with `parseArgs` of `@std/cli/parse-args`, by the given `options`. */
export function parseArgs(args: readonly string[], options: ParseArgsOptions): ParsedArgs {
  const { string = [], boolean = [], collect = [], alias = {}, ...rest } = options;
  return stdCliModule.parseArgs([...args], { string, boolean, collect, alias, ...rest });
}

/** Tells which `@std/cli` is in use: the one from JSR, or the stand-in that comes with Kraken. */
export function stdCli(): "jsr" | "bundled" {
  return "implementation" in stdCliModule ? "bundled" : "jsr";
}

/** Names the runtime of this program by its `versions`, such as `deno 2.9.5`. */
export function runtime(versions: { readonly [name: string]: string | undefined } = process.versions): string {
  for (const name of ["deno", "bun"]) if (versions[name] !== undefined) return `${name} ${versions[name]}`;
  return `node ${versions["node"] ?? "unknown"}`;
}

/** Writes the line for `--version` of `program`: `krakenctl 0.1.0 (deno 2.9.5; @std/cli: bundled)`. */
export function versionLine(program: string): string {
  return `${program} ${VERSION} (${runtime()}; @std/cli: ${stdCli()})\n`;
}

/** The one place that imports `@std/cli`: from JSR where deno.json is used, otherwise our own stand-in (packages/std-cli). */
import * as stdCliModule from "@std/cli/parse-args";

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

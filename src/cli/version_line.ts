import process from "node:process";
import { VERSION } from "../version.ts";
import { stdCli } from "./std_cli.ts";

/** Names the runtime of this program by its `versions`, such as `deno 2.9.5`. */
export function runtime(versions: { readonly [name: string]: string | undefined } = process.versions): string {
  for (const name of ["deno", "bun"]) if (versions[name] !== undefined) return `${name} ${versions[name]}`;
  return `node ${versions["node"] ?? "unknown"}`;
}

/** Writes the line for `--version` of `program`: `krakenctl 0.1.0 (deno 2.9.5; @std/cli: bundled)`. */
export function versionLine(program: string): string {
  return `${program} ${VERSION} (${runtime()}; @std/cli: ${stdCli()})\n`;
}

import { existsSync, readdirSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The project's root folder. */
export const ROOT: string = dirname(dirname(fileURLToPath(import.meta.url)));

/** The Deno configuration that needs nothing from JSR. */
export const DENO_CONFIG: string = join(ROOT, "deno.offline.json");

/** The project's programs. */
export type KrakenProgram = "agent" | "aggregator" | "krakenctl" | "simulator";

/** What a program is started from: its source, its bundle on one of the runtimes, or a single binary. */
export type How = "source" | "bundle-deno" | "bundle-node" | "bundle-bun" | "binary-bun" | "binary-sea" | "binary-deno";

/** Where each program begins, from the root. */
export const ENTRIES: { readonly [program in KrakenProgram]: string } = {
  agent: "agent/main.ts",
  aggregator: "aggregator/main.ts",
  krakenctl: "ctl/main.ts",
  simulator: "modules/simpower/simulator/main.ts",
};

/** The pinned Deno: the executable itself, not npm's start script, so that it can be killed directly. */
export function denoPath(): string {
  return firstExecutable("Deno", [join(ROOT, "node_modules/deno/deno"), ...platformPackages("@deno", "deno")]);
}

/** The pinned Bun. */
export function bunPath(): string {
  return firstExecutable("Bun", [
    join(ROOT, "node_modules/bun/bin/bun.exe"),
    ...platformPackages("@oven", join("bin", "bun")),
    ...platformPackages("@oven", join("bin", "bun.exe")),
  ]);
}

/** Node: the one that npm was started with, otherwise the first on the PATH. */
export function nodePath(): string {
  const own = process.env.npm_node_execpath;
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return firstExecutable("Node", [
    ...(own === undefined ? [] : [own]),
    ...folders.map((folder) => join(folder, "node")),
  ]);
}

/** What `npm run build` makes of a program: the file under `dist/`. */
export function builtFile(program: KrakenProgram, how: Exclude<How, "source">): string {
  switch (how) {
    case "bundle-deno":
    case "bundle-node":
    case "bundle-bun":
      return join(ROOT, "dist", `${program}.mjs`);
    case "binary-bun":
      return join(ROOT, "dist", `${program}-bun`);
    case "binary-sea":
      return join(ROOT, "dist", `${program}-sea`);
    case "binary-deno":
      return join(ROOT, "dist", `${program}-deno`);
    default:
      return how satisfies never;
  }
}

/**
 * The command that starts a program: append the program's own arguments.
 *
 * @param file The bundle or binary, where it is not the one under `dist/`.
 */
export function programCommand(program: KrakenProgram, how: How, file?: string): string[] {
  switch (how) {
    case "source":
      return [...denoRun(), "--config", DENO_CONFIG, file ?? join(ROOT, ENTRIES[program])];
    case "bundle-deno":
      return [...denoRun(), "--no-config", file ?? builtFile(program, how)];
    case "bundle-node":
      return [nodePath(), file ?? builtFile(program, how)];
    case "bundle-bun":
      return [bunPath(), file ?? builtFile(program, how)];
    case "binary-bun":
    case "binary-sea":
    case "binary-deno":
      return [file ?? builtFile(program, how)];
    default:
      return how satisfies never;
  }
}

function denoRun(): string[] {
  return [denoPath(), "run", "-A", "--quiet", "--no-check"];
}

/** npm installs an executable as one package a platform, of which only the fitting one is there. */
function platformPackages(scope: string, executable: string): string[] {
  const folder = join(ROOT, "node_modules", scope);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).sort().map((name) => join(folder, name, executable));
}

/** npm leaves a small text file in an executable's place until its install script has run: it is passed over. */
function firstExecutable(name: string, places: readonly string[]): string {
  const least = 4096;
  const found = places.find((place) => {
    const stat = statSync(place, { throwIfNoEntry: false });
    return stat !== undefined && stat.isFile() && stat.size > least;
  });
  if (found === undefined) {
    throw new Error(`Cannot find ${name} as it is in none of its places: looked for ${places.join(", ")}`);
  }
  return found;
}

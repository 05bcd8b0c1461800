import { createHash } from "node:crypto";
import { canonicalText, isRecord, parseValue, type Value, type Values } from "../../src/state/mod.ts";
import { programs } from "./declaration.ts";

/** What to do when a program ends by itself. */
export type RestartPolicy = "always" | "on-failure" | "never";

/** A program to run, with all defaults applied. */
export interface ProgramConfig {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: { readonly [name: string]: string };
  readonly cwd: string | undefined;
  readonly restart: RestartPolicy;
  /** Milliseconds from SIGTERM to SIGKILL. */
  readonly stopTimeout: number;
  /** Identifies this config: another config has another digest. */
  readonly digest: string;
}

const DEFAULT_STOP_TIMEOUT = 10_000;
const TYPE = programs.variables["/services/{name}/config"].type;

/** The fields that `TYPE` describes. */
interface Given {
  readonly command: string;
  readonly args?: readonly string[];
  readonly env?: { readonly [name: string]: string };
  readonly cwd?: string;
  readonly restart?: RestartPolicy;
  readonly stopTimeout?: number;
}

/**
 * Reads the config of the program `name` from `cfg` of a node; undefined if there is none.
 *
 * @throws {TypeError} If it is invalid. The message names the field.
 */
export function programConfig(cfg: Values, name: string): ProgramConfig | undefined {
  const url = `/services/${name}/config`;
  const value = cfg.get(url);
  if (value === undefined) return undefined;
  const given = parseValue(TYPE, value, url) as Value & Given; // parseValue has just checked it against that type
  return {
    command: given.command,
    args: given.args ?? [],
    env: given.env ?? {},
    cwd: given.cwd,
    restart: given.restart ?? "always",
    stopTimeout: given.stopTimeout ?? DEFAULT_STOP_TIMEOUT,
    digest: createHash("sha256").update(canonicalText(value)).digest("hex"),
  };
}

/** Lists the services in `cfg` whose config is that of a program: modules have their own kinds of config. */
export function programNames(cfg: Values): string[] {
  const names: string[] = [];
  for (const [url, value] of cfg) {
    const name = /^\/services\/([^/]+)\/config$/.exec(url)?.[1];
    if (name !== undefined && isRecord(value) && typeof value["command"] === "string") names.push(name);
  }
  return names;
}

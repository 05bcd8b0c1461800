import { nearest } from "./nearest.ts";
import { type Option, type Options, type OptionValues, readOptionText } from "./option.ts";
import { parseArgs } from "./std_cli.ts";
import { type Result } from "../toolkit/mod.ts";

/** The arguments that are no options. */
export interface Positionals {
  /** Their names in help: `NODESET /URL=VALUE ...`. */
  readonly usage: string;
  /** @default 0 */
  readonly min?: number;
  /** @default as many as one likes */
  readonly max?: number;
}

/** The request on a command line. */
export type ParsedOptions<O extends Options> =
  | { readonly kind: "run"; readonly options: OptionValues<O>; readonly args: readonly string[] }
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "error"; readonly problem: string };

/** Environment variables. */
export type Env = { readonly [name: string]: string | undefined };

/**
 * Parses a command line against declared options. The last one counts if an option is given twice and is not a list.
 *
 * @param options The options by name.
 * @param positionals The arguments that may follow. Undefined: none.
 * @param args The command line, without the program's name.
 * @param env The environment, for options that name a variable.
 * @returns The values; or that help or the version is asked for; or a problem with the value and what was expected.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseOptions } from "../src/cli/mod.ts";
 *
 * const options = { wait: { kind: "duration", default: 10_000, help: "How long" } } as const;
 * const parsed = parseOptions(options, undefined, ["--wait", "5s"], {});
 * assert(parsed.kind === "run" && parsed.options.wait === 5000);
 * assert.equal(parseOptions(options, undefined, ["--wiat", "5s"], {}).kind, "error");
 * ```
 */
export function parseOptions<const O extends Options>(
  options: O,
  positionals: Positionals | undefined,
  args: readonly string[],
  env: Env,
): ParsedOptions<O> {
  const problem = findMalformed(options, args);
  if (problem !== undefined) return { kind: "error", problem };
  const parsed = parseArgs(args, parseArgsOptions(options));
  if (parsed["help"] === true) return { kind: "help" };
  if (parsed["version"] === true) return { kind: "version" };

  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options)) {
    const reading = readOption(name, option, parsed[name], env);
    if (!reading.ok) return { kind: "error", problem: reading.problem };
    values[name] = reading.value;
  }
  const others = parsed._.map(String);
  const issue = countIssue(positionals, others);
  if (issue !== undefined) return { kind: "error", problem: issue };
  // Each value was read by its option's kind just above.
  return { kind: "run", options: values as OptionValues<O>, args: others };
}

/** Translates declared `options` for `parseArgs`. Values stay texts: `01` is not 1. */
export function parseArgsOptions(options: Options) {
  const names = (...kinds: readonly Option["kind"][]) =>
    Object.keys(options).filter((name) => {
      const kind = options[name]?.kind;
      return kind !== undefined && kinds.includes(kind);
    });
  const alias: Record<string, string> = { h: "help" };
  for (const [name, { short }] of Object.entries(options)) if (short !== undefined) alias[short] = name;
  return {
    string: [...names("string", "integer", "duration", "list"), "_"],
    boolean: [...names("boolean"), "help", "version"],
    collect: names("list"),
    alias,
  };
}

/** Finds an option that is not declared, or a boolean one with an invalid value. */
function findMalformed(options: Options, args: readonly string[]): string | undefined {
  const unknown: string[] = [];
  const { string, boolean, collect, alias } = parseArgsOptions(options);
  parseArgs(args, {
    string,
    boolean,
    collect,
    alias,
    unknown(argument, name) {
      if (name !== undefined) unknown.push(argument.startsWith("--") ? `--${name}` : `-${name}`);
      return false;
    },
  });
  const first = unknown[0];
  if (first !== undefined) return describeUnknown(first, [...Object.keys(options), "help", "version"]);
  const end = args.indexOf("--");
  for (const argument of end === -1 ? args : args.slice(0, end)) {
    const [, name = "", value] = /^--([^=]+)=(.*)$/s.exec(argument) ?? [];
    if (value === undefined || !boolean.includes(name) || value === "true" || value === "false") continue;
    return `Option '--${name}' is '${value}': expected no value, true or false`;
  }
  return undefined;
}

function describeUnknown(option: string, known: readonly string[]): string {
  const near = option.startsWith("--") ? nearest(option.slice(2), known) : undefined;
  const hint = near === undefined ? "see --help for the list" : `did you mean '--${near}'?`;
  return `Unknown option '${option}': ${hint}`;
}

function readOption(
  name: string,
  option: Option,
  found: unknown,
  env: Env,
): Result<unknown, { readonly problem: string }> {
  const fromEnv = option.env === undefined ? undefined : env[option.env] || undefined;
  if (option.kind === "boolean") return { ok: true, value: found === true || fromEnv !== undefined };
  if (option.kind === "list") {
    const isGiven = Array.isArray(found) && found.length > 0;
    const texts = isGiven ? found.map(String) : fromEnv?.split(/\s+/).filter((text) => text !== "") ?? [];
    if (texts.includes("")) return { ok: false, problem: `Option '--${name}' has no value: expected one` };
    return { ok: true, value: texts };
  }
  const text = typeof found === "string" ? found : fromEnv;
  if (text === undefined) {
    const missing = option.required === true && option.default === undefined;
    return missing
      ? { ok: false, problem: `Option '--${name}' is missing: ${option.help}` }
      : { ok: true, value: option.default };
  }
  const reading = readOptionText(option, text);
  if (reading.ok) return reading;
  const source = typeof found === "string" ? `Option '--${name}'` : `Environment variable '${option.env}'`;
  return { ok: false, problem: `${source} is '${text}': expected ${reading.expected}` };
}

function countIssue(positionals: Positionals | undefined, args: readonly string[]): string | undefined {
  const { usage = "", min = 0, max = Infinity } = positionals ?? { max: 0 };
  if (args.length < min) return `Expected ${usage}: found ${args.length === 0 ? "nothing" : `'${args.join(" ")}'`}`;
  const excess = args[max];
  if (excess === undefined) return undefined;
  return usage === "" ? `Unexpected argument '${excess}'` : `Unexpected argument '${excess}': expected ${usage}`;
}

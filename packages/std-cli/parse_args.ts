/**
 * The part of `@std/cli/parse-args` that Kraken uses, for places where JSR can't be reached: the same names and the same
 * documented behaviour. Left out: `boolean: true` and dotted names that make nested objects.
 *
 * @module
 */

/** Tells this stand-in from the real package, which does not have it. */
export const implementation = "kraken";

/** What {@link parseArgs} found: a value for each option, and the arguments that belong to none. */
export interface Args {
  [name: string]: unknown;
  /** The arguments that are no options, in their order. */
  _: (string | number)[];
  /** What follows `--`, where that was asked for. */
  "--"?: string[];
}

/** How {@link parseArgs} reads arguments. */
export interface ParseOptions {
  /** When true, what follows `--` goes to the result's `--` and not to its `_`. @default false */
  "--"?: boolean;
  /** Other names of options. */
  alias?: { readonly [name: string]: string | readonly string[] };
  /** Names of options that take no value; false where not given. */
  boolean?: string | readonly string[];
  /** Names of options that may be given more than once: their values become a list. */
  collect?: string | readonly string[];
  /** Values of options that are not given. */
  default?: { readonly [name: string]: unknown };
  /** Names of options that `--no-NAME` sets to false. */
  negatable?: string | readonly string[];
  /** When true, everything from the first argument that is no option goes to `_`. @default false */
  stopEarly?: boolean;
  /** Names of options whose values stay strings, even where they look like numbers; `_` for the other arguments. */
  string?: string | readonly string[];
  /** Called with each argument that is not declared. When it returns false the argument is left out. */
  unknown?: (argument: string, name?: string, value?: unknown) => unknown;
}

/** What is declared of the options, aliases included. */
interface Declared {
  readonly strings: ReadonlySet<string>;
  readonly booleans: ReadonlySet<string>;
  readonly collected: ReadonlySet<string>;
  readonly negatable: ReadonlySet<string>;
  readonly known: ReadonlySet<string>;
  /** All names of an option, its own first. */
  namesOf(name: string): readonly string[];
}

const HEXADECIMAL = /^0x[0-9a-f]+$/i;
const DECIMAL = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/;

/**
 * Reads command line arguments. Values that look like numbers become numbers unless the option is declared a string.
 *
 * @param args The arguments, without the program's own name.
 * @param options What is declared of them.
 * @returns A value for each option by each of its names, and the other arguments in `_`.
 */
export function parseArgs(args: readonly string[], options: ParseOptions = {}): Args {
  const declared = declare(options);
  const result: Args = { _: [] };
  const given = new Set<string>();

  function set(name: string, value: unknown, argument: string, isNegated = false): void {
    const isUnknown = options.unknown !== undefined && !declared.known.has(name);
    if (isUnknown && options.unknown?.(argument, name, value) === false) return;
    const converted = typeof value === "string" && !declared.strings.has(name) ? toNumber(value) : value;
    for (const each of declared.namesOf(name)) {
      const before = given.has(each) ? result[each] : undefined;
      const collects = declared.collected.has(each) && !isNegated;
      assign(result, each, collects ? [...(Array.isArray(before) ? before : []), converted] : converted);
      given.add(each);
    }
  }

  function addOther(argument: string): void {
    if (options.unknown?.(argument) === false) return;
    result._.push(declared.strings.has("_") ? argument : toNumber(argument));
  }

  const dashes = args.indexOf("--");
  const parsed = dashes === -1 ? args : args.slice(0, dashes);
  const untouched = dashes === -1 ? [] : args.slice(dashes + 1);

  for (let index = 0; index < parsed.length; index++) {
    const argument = parsed[index] ?? "";
    const next = parsed[index + 1];
    if (argument.startsWith("--")) {
      if (setLong(argument, next)) index++;
    } else if (argument.startsWith("-") && argument !== "-") {
      if (setShort(argument, next)) index++;
    } else {
      addOther(argument);
      if (options.stopEarly !== true) continue;
      result._.push(...parsed.slice(index + 1));
      break;
    }
  }

  /** Reads `--name`, `--name=value`, `--name value` or `--no-name`. Returns whether the next argument was its value. */
  function setLong(argument: string, next: string | undefined): boolean {
    const equals = argument.indexOf("=");
    if (equals > 2) {
      const name = argument.slice(2, equals);
      const value = argument.slice(equals + 1);
      set(name, declared.booleans.has(name) ? value !== "false" : value, argument);
      return false;
    }
    const name = argument.slice(2);
    if (name.startsWith("no-") && declared.negatable.has(name.slice(3))) {
      set(name.slice(3), false, argument, true);
      return false;
    }
    return setWithNext(name, next, argument, (value) => !value.startsWith("-"));
  }

  /** Reads a group of short options, of which the last may have a value. Returns whether the next argument was it. */
  function setShort(argument: string, next: string | undefined): boolean {
    const letters = argument.slice(1);
    for (let place = 0; place < letters.length - 1; place++) {
      const letter = letters.charAt(place);
      const value = attachedValue(letter, letters.slice(place + 1));
      if (value !== undefined) {
        set(letter, value, argument);
        return false;
      }
      set(letter, declared.strings.has(letter) ? "" : true, argument);
    }
    return setWithNext(letters.slice(-1), next, argument, (value) => !/^--?[^-]/.test(value));
  }

  function setWithNext(
    name: string,
    next: string | undefined,
    argument: string,
    isValue: (text: string) => boolean,
  ): boolean {
    if (next !== undefined && next !== "" && isValue(next) && !declared.booleans.has(name)) {
      set(name, next, argument);
      return true;
    }
    if (next === "true" || next === "false") {
      set(name, next === "true", argument);
      return true;
    }
    set(name, declared.strings.has(name) ? "" : true, argument);
    return false;
  }

  for (const [name, value] of Object.entries(options.default ?? {})) fill(name, value);
  for (const name of declared.booleans) if (!declared.collected.has(name)) fill(name, false);
  for (const name of declared.collected) if (declared.strings.has(name)) fill(name, []);
  function fill(name: string, value: unknown): void {
    for (const each of declared.namesOf(name)) {
      if (given.has(each)) continue;
      assign(result, each, value);
      given.add(each);
    }
  }

  if (options["--"] === true) result["--"] = [...untouched];
  else result._.push(...untouched);
  return result;
}

/** Sets an own property, whatever its name: `__proto__` too is just a name. */
function assign(target: Args, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

function toNumber(text: string): string | number {
  return HEXADECIMAL.test(text) || DECIMAL.test(text) ? Number(text) : text;
}

/** The value that is written right behind a short option: `-n5`, `-n=5`, `-I/usr/include`, `-f-`. */
function attachedValue(letter: string, rest: string): string | undefined {
  if (rest === "-") return rest;
  const isLetter = /[A-Za-z]/.test(letter);
  const equals = rest.indexOf("=");
  if (isLetter && equals !== -1 && equals < rest.length - 1) return rest.slice(equals + 1);
  if (isLetter && /-?\d+(\.\d*)?(e-?\d+)?$/.test(rest)) return rest;
  return /^\W/.test(rest) ? rest : undefined;
}

function declare(options: ParseOptions): Declared {
  const groups = new Map<string, Set<string>>();
  for (const [name, others] of Object.entries(options.alias ?? {})) {
    const group = new Set([name, ...toList(others)].flatMap((each) => [...(groups.get(each) ?? [each])]));
    for (const each of group) groups.set(each, group);
  }
  const namesOf = (name: string) => [name, ...[...(groups.get(name) ?? [])].filter((each) => each !== name)];
  const withAliases = (names: string | readonly string[] | undefined) => new Set(toList(names).flatMap(namesOf));
  const strings = withAliases(options.string);
  const booleans = withAliases(options.boolean);
  const collected = withAliases(options.collect);
  const negatable = withAliases(options.negatable);
  const defaults = withAliases(Object.keys(options.default ?? {}));
  const known = new Set([...strings, ...booleans, ...collected, ...defaults, ...groups.keys()]);
  return { strings, booleans, collected, negatable, known, namesOf };
}

function toList(names: string | readonly string[] | undefined): readonly string[] {
  return names === undefined ? [] : typeof names === "string" ? [names] : names;
}

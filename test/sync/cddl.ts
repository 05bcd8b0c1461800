/**
 * A checker for the part of CDDL (RFC 8610) that docs/reference/protocol.md uses: rules, choices, ranges, `.regexp`, literals, maps and
 * arrays with `?`, `*` and `n*m`, member keys with `:` (which cut, section 3.5.4) and `=>`.
 */
export interface Cddl {
  /** The names of all rules. */
  readonly rules: readonly string[];
  /** Tells whether data is what a rule says. */
  matches(rule: string, data: unknown): boolean;
}

type Type =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "literal"; readonly value: string | number }
  | { readonly kind: "range"; readonly from: number; readonly to: number }
  | { readonly kind: "regexp"; readonly pattern: RegExp }
  | { readonly kind: "choice"; readonly types: readonly Type[] }
  | { readonly kind: "map" | "array"; readonly entries: readonly Entry[] };

interface Entry {
  /** How often it must be there, and may be. */
  readonly least: number;
  readonly most: number;
  /** A literal key, the type of a key, or none, in an array. */
  readonly key: string | Type | undefined;
  readonly type: Type;
}

const TOKEN = /\s+|;[^\n]*|("(?:[^"\\]|\\.)*"|-?\d+|\.\.|\.regexp|=>|[A-Za-z][A-Za-z0-9-]*|[{}[\],:/?*=])/y;

/**
 * Reads a specification.
 *
 * @throws {SyntaxError} When it is not of that part, or names a rule that it does not have.
 */
export function parseCddl(text: string): Cddl {
  const tokens = tokenize(text);
  const rules = new Map<string, Type>();
  const named = new Set<string>();
  let at = 0;

  function next(expected?: string): string {
    const token = tokens[at++];
    if (token === undefined || (expected !== undefined && token !== expected)) {
      throw new SyntaxError(`Token ${at} is '${token}': expected ${expected ?? "more"}`);
    }
    return token;
  }
  function skip(token: string): boolean {
    if (tokens[at] !== token) return false;
    at++;
    return true;
  }
  function parseType(): Type {
    const types = [parseOne()];
    while (skip("/")) types.push(parseOne());
    const [first] = types;
    return types.length === 1 && first !== undefined ? first : { kind: "choice", types };
  }
  function parseOne(): Type {
    const token = next();
    if (token === "{") return { kind: "map", entries: parseEntries("}") };
    if (token === "[") return { kind: "array", entries: parseEntries("]") };
    if (token.startsWith('"')) return { kind: "literal", value: String(JSON.parse(token)) };
    if (/^-?\d/.test(token)) {
      return skip("..")
        ? { kind: "range", from: Number(token), to: Number(next()) }
        : { kind: "literal", value: Number(token) };
    }
    if (skip(".regexp")) return { kind: "regexp", pattern: new RegExp(`^(?:${JSON.parse(next())})$`) };
    named.add(token);
    return { kind: "name", name: token };
  }
  function parseOccurrence(): Pick<Entry, "least" | "most"> {
    if (skip("?")) return { least: 0, most: 1 };
    if (skip("*")) return { least: 0, most: Infinity };
    if (tokens[at + 1] !== "*") return { least: 1, most: 1 };
    const least = Number(next());
    next("*");
    return { least, most: Number(next()) };
  }
  function parseEntries(end: string): Entry[] {
    const entries: Entry[] = [];
    while (!skip(end)) {
      const occurs = parseOccurrence();
      const key = tokens[at];
      if (tokens[at + 1] === ":" && key !== undefined) {
        at += 2;
        entries.push({ ...occurs, key, type: parseType() });
      } else {
        const type = parseType();
        entries.push(skip("=>") ? { ...occurs, key: type, type: parseType() } : { ...occurs, key: undefined, type });
      }
      skip(",");
    }
    return entries;
  }

  while (at < tokens.length) {
    const name = next();
    next("=");
    rules.set(name, parseType());
  }
  for (const name of named) {
    if (!rules.has(name) && !Object.hasOwn(PRELUDE, name)) throw new SyntaxError(`There is no rule '${name}'`);
  }

  function fits(type: Type, data: unknown): boolean {
    switch (type.kind) {
      case "name": {
        const rule = rules.get(type.name);
        return rule === undefined ? PRELUDE[type.name]?.(data) ?? false : fits(rule, data);
      }
      case "literal":
        return data === type.value;
      case "range":
        return Number.isInteger(data) && Number(data) >= type.from && Number(data) <= type.to;
      case "regexp":
        return typeof data === "string" && type.pattern.test(data);
      case "choice":
        return type.types.some((one) => fits(one, data));
      case "array":
        return Array.isArray(data) && fitsArray(type.entries, data);
      case "map":
        return typeof data === "object" && data !== null && !Array.isArray(data) && fitsMap(type.entries, data);
    }
  }
  /** Entries that repeat come last in every array that is used here, so there is nothing to try twice. */
  function fitsArray(entries: readonly Entry[], data: readonly unknown[]): boolean {
    let place = 0;
    for (const { least, most, type } of entries) {
      const first = place;
      while (place < data.length && place - first < most && fits(type, data[place])) place++;
      if (place - first < least) return false;
    }
    return place === data.length;
  }
  function fitsMap(entries: readonly Entry[], data: object): boolean {
    const left = new Map<string, unknown>(Object.entries(data));
    for (const { least, key, type } of entries) {
      if (typeof key !== "string") continue;
      const value = left.get(key);
      if (value === undefined && least === 0) continue;
      if (!fits(type, value)) return false;
      left.delete(key);
    }
    return [...left].every(([name, value]) =>
      entries.some(({ key, type }) => typeof key === "object" && fits(key, name) && fits(type, value))
    );
  }

  return {
    rules: [...rules.keys()],
    matches(rule, data) {
      if (!rules.has(rule)) throw new SyntaxError(`There is no rule '${rule}'`);
      return fits({ kind: "name", name: rule }, data);
    },
  };
}

/** What every specification has (RFC 8610, appendix D), as far as it is used. */
const PRELUDE: { readonly [name: string]: (data: unknown) => boolean } = {
  any: () => true,
  tstr: (data) => typeof data === "string",
  bool: (data) => typeof data === "boolean",
  nil: (data) => data === null,
};

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new SyntaxError(`Cannot read '${text.slice(start, start + 20)}'`);
    if (match[1] !== undefined) tokens.push(match[1]);
  }
  return tokens;
}

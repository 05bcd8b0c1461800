/** A state URL names one value in a node's state, such as `/services/sshd/state`. */
export type StateUrl = string;

/** The longest state URL, in characters. */
export const MAX_URL_LENGTH = 256;
/** The most segments of a state URL. */
export const MAX_URL_DEPTH = 8;

// "__proto__" would reach the prototype of a plain object that state is nested in.
const SEGMENT = /^(?!__proto__$)[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;
const PLACEHOLDER = /^\{([a-z][A-Za-z0-9]*)\}$/;

/** The URL of one value as a single pattern: links check thousands of them a second. */
const CONCRETE = /^(?:\/(?!__proto__(?:\/|$))[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}){1,8}$/;

/** The segments that the placeholders of a pattern stand for: `{ name: "sshd" }` for `/services/{name}/state`. */
export type Bindings = { readonly [placeholder: string]: string };

/**
 * Splits a state URL, or a pattern such as `/services/{name}/state`, into its segments.
 *
 * @param url At most 256 characters.
 * @throws {SyntaxError} If it is not a `/` followed by 1 to 8 segments of letters, digits, `_`, `.` and `-`, or
 * placeholders.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseUrl } from "../src/state/mod.ts";
 *
 * assert.equal(parseUrl("/services/sshd/state").join(), "services,sshd,state");
 * ```
 */
export function parseUrl(url: string): string[] {
  const segments = url.split("/").slice(1);
  const fits = url.startsWith("/") && url.length <= MAX_URL_LENGTH && segments.length <= MAX_URL_DEPTH &&
    segments.every((segment) => SEGMENT.test(segment) || PLACEHOLDER.test(segment));
  if (!fits) {
    throw new SyntaxError(
      `'${
        url.slice(0, MAX_URL_LENGTH)
      }' is not a state URL: expected something like '/physState' or '/services/sshd/state'`,
    );
  }
  return segments;
}

/** Tells whether {@link parseUrl} accepts `text`. */
export function isUrl(text: string): boolean {
  try {
    parseUrl(text);
    return true;
  } catch {
    return false;
  }
}

/** Tells whether `text` is the URL of one value: {@link parseUrl} accepts it, and it has no placeholders. */
export function isConcreteUrl(text: string): boolean {
  return text.length <= MAX_URL_LENGTH && CONCRETE.test(text);
}

/** Tells whether `url` has placeholders. */
export function isPattern(url: string): boolean {
  return url.includes("{");
}

/**
 * Matches a URL against a pattern.
 *
 * @param pattern A pattern, or the URL of one value.
 * @param url The URL of one value.
 * @returns What the placeholders stand for; undefined if the URL does not match.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { matchUrl } from "../src/state/mod.ts";
 *
 * assert.equal(matchUrl("/services/{name}/state", "/services/sshd/state")?.["name"], "sshd");
 * assert.equal(matchUrl("/services/{name}/state", "/services/sshd/error"), undefined);
 * ```
 */
export function matchUrl(pattern: string, url: string): Bindings | undefined {
  const patternSegments = pattern.split("/");
  const segments = url.split("/");
  if (patternSegments.length !== segments.length) return undefined;
  const bindings: Record<string, string> = {};
  for (const [index, expected] of patternSegments.entries()) {
    const segment = segments[index] ?? "";
    const name = PLACEHOLDER.exec(expected)?.[1];
    if (name === undefined ? expected !== segment : !SEGMENT.test(segment)) return undefined;
    if (name !== undefined) bindings[name] = segment;
  }
  return bindings;
}

/**
 * Replaces the placeholders of a pattern.
 *
 * @param pattern A pattern, or the URL of one value.
 * @param bindings The segment for each placeholder. A placeholder without one stays.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { bindUrl } from "../src/state/mod.ts";
 *
 * assert.equal(bindUrl("/services/{name}/state", { name: "sshd" }), "/services/sshd/state");
 * ```
 */
export function bindUrl(pattern: string, bindings: Bindings): StateUrl {
  const begin = pattern.indexOf("{");
  if (begin < 0) return pattern;
  const end = pattern.indexOf("}", begin);
  if (pattern.indexOf("{", end) < 0) { // most have one
    return pattern.slice(0, begin) + (bindings[pattern.slice(begin + 1, end)] ?? pattern.slice(begin, end + 1)) +
      pattern.slice(end + 1);
  }
  return pattern.replace(/\{([a-z][A-Za-z0-9]*)\}/g, (whole, name: string) => bindings[name] ?? whole);
}

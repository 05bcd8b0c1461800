/** A state URL names one value in a node's state, such as `/services/sshd/state`. */
export type StateUrl = string;

/** The longest state URL, in characters. */
export const MAX_URL_LENGTH = 256;
/** The most segments of a state URL. */
export const MAX_URL_DEPTH = 8;

// "__proto__" would reach the prototype of a plain object that state is nested in.
const SEGMENT = /^(?!__proto__$)[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;
const PLACEHOLDER = /^\{([a-z][A-Za-z0-9]*)\}$/;

/** One value's URL in one look, without its segments: links check thousands a second. */
const CONCRETE = /^(?:\/(?!__proto__(?:\/|$))[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}){1,8}$/;

/** What the placeholders of a pattern stand for: `{ name: "sshd" }` for `/services/{name}/state`. */
export type Bindings = { readonly [placeholder: string]: string };

/**
 * The segments of a state URL, or of a pattern such as `/services/{name}/state`.
 *
 * @throws {SyntaxError} When it is not a `/` followed by 1 to 8 segments of letters, digits, `_`, `.` and `-`.
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

/** Tells whether a text is the URL of one value: one that {@link parseUrl} takes, and no pattern. */
export function isConcreteUrl(text: string): boolean {
  return text.length <= MAX_URL_LENGTH && CONCRETE.test(text);
}

/** Tells whether a URL has placeholders. */
export function isPattern(url: string): boolean {
  return url.includes("{");
}

/**
 * Matches a URL against a pattern.
 *
 * @returns What the placeholders stand for, or undefined when the URL does not match.
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

/** Puts bindings into a pattern; placeholders without a binding stay. */
export function bindUrl(pattern: string, bindings: Bindings): StateUrl {
  const begin = pattern.indexOf("{");
  if (begin < 0) return pattern;
  const end = pattern.indexOf("}", begin);
  if (end > 0 && pattern.indexOf("{", end) < 0) { // most have one
    return pattern.slice(0, begin) + (bindings[pattern.slice(begin + 1, end)] ?? pattern.slice(begin, end + 1)) +
      pattern.slice(end + 1);
  }
  return pattern.replace(/\{([a-z][A-Za-z0-9]*)\}/g, (whole, name: string) => bindings[name] ?? whole);
}

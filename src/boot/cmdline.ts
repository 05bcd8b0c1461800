import { isNodeName, isUuid } from "../state/mod.ts";
import { parseMac } from "./address.ts";
import { type Result } from "../toolkit/mod.ts";

/** The longest kernel command line to read, in characters: Linux has at most 4,096. */
export const MAX_CMDLINE = 8_192;
/** The format of a token: see the enrolment of an aggregator. */
const TOKEN = /^[A-Za-z0-9_-]{16,128}$/;

/** Kraken's values on a kernel command line. */
export interface KernelCommandLine {
  readonly cluster: string;
  /** The node's name. */
  readonly node: string;
  /** The UUID of its aggregator. */
  readonly parent: string;
  /** Origin of the boot HTTP server, without a slash at its end. */
  readonly server: string;
  readonly mac: string;
  readonly token: string;
}

/** The values, or all problems. No problem contains the token. */
export type ParsedCommandLine = Result<KernelCommandLine, { readonly problems: readonly string[] }>;

/**
 * Parses the `kraken.` arguments of the kernel command line `text`. The last one of a name counts; other arguments are
 * ignored.
 */
export function parseCommandLine(text: string): ParsedCommandLine {
  if (text.length > MAX_CMDLINE) {
    return { ok: false, problems: [`It has ${text.length} characters: expected at most ${MAX_CMDLINE}`] };
  }
  const given = new Map<string, string>();
  for (const word of text.split(/\s+/)) {
    const [, key, value] = /^kraken\.([a-z]+)=(.*)$/.exec(word) ?? [];
    if (key !== undefined && value !== undefined) given.set(key, value);
  }
  const problems: string[] = [];
  function take(key: string, expected: string, read: (text: string) => string | undefined, isSecret = false): string {
    const value = given.get(key);
    const fit = value === undefined ? undefined : read(value);
    if (fit !== undefined) return fit;
    const found = value === undefined ? "missing" : isSecret ? "something else" : JSON.stringify(value.slice(0, 100));
    problems.push(`kraken.${key} is ${found}: expected ${expected}`);
    return "";
  }
  const when = (fits: (text: string) => boolean) => (value: string) => fits(value) ? value : undefined;
  const value = {
    cluster: take("cluster", "a name", when(isNodeName)),
    node: take("node", "a name", when(isNodeName)),
    parent: take("parent", "a UUID in lower case", when(isUuid)),
    server: take("server", "a URL such as http://10.77.0.1:8080", readOrigin),
    mac: take("mac", "a MAC address", parseMac),
    token: take("token", "an enrolment token", when((token) => TOKEN.test(token)), true),
  };
  return problems.length === 0 ? { ok: true, value } : { ok: false, problems };
}

function readOrigin(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, origin, pathname, search, hash } = new URL(text);
  const isOrigin = pathname === "/" && search === "" && hash === "";
  return isOrigin && (protocol === "http:" || protocol === "https:") ? origin : undefined;
}

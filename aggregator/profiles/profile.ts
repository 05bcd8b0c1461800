import { equalValues, KEPT_URLS, type Value, type Values } from "../../src/state/mod.ts";

/** A profile: cfg that several nodes share. */
export interface Profile {
  readonly name: string;
  /** A description for people. */
  readonly about: string;
  /** Profiles whose values it inherits, in order: see {@link inheritedBy}. */
  readonly inherits: readonly string[];
  /** Its own values, by URL. */
  readonly values: Values;
}

/** Profiles by name. */
export type Profiles = ReadonlyMap<string, Profile>;

/** A value that a node inherits from a profile. */
export interface Inherited {
  readonly value: Value;
  /** The profile that contains it. */
  readonly from: string;
}

/** The most profiles of a cluster. */
export const MAX_PROFILES = 256;
/** The most entries of a node's `/profiles`, and of a profile's `inherits`. */
export const MAX_ENTRIES = 64;
/** Valid names of profiles and groups, which appear in URLs and in nodesets. */
export const LAYER_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;

/** URLs that only a node itself may have. */
const OWN_URLS: ReadonlySet<string> = new Set([
  ...["/name", "/role", "/deleted", "/profiles", "/freeze", "/ipv4/mac", "/ipv4/address", ...KEPT_URLS],
]);

/** Returns why a profile can't have a value of this URL; undefined if it can. */
export function validateProfileUrl(url: string): string | undefined {
  return OWN_URLS.has(url) ? `${url} can't be set in a profile: it is each node's own` : undefined;
}

/**
 * Returns what is wrong with the entries of `/profiles`, or of a profile's `inherits`; one message each.
 *
 * @param entries The entries.
 * @param profiles All profiles.
 * @param isKnown Tells whether there is a variable of a URL, or one below it.
 */
export function validateEntries(
  entries: readonly string[],
  profiles: Profiles,
  isKnown: (url: string) => boolean,
): string[] {
  const problems = entries.flatMap((entry) => {
    if (entry.startsWith("~/")) {
      return isKnown(entry.slice(1))
        ? []
        : [`${JSON.stringify(entry)}: there is no state variable of that URL, nor below it`];
    }
    const name = entry.replace(/^~/, "");
    return profiles.has(name) ? [] : [`${JSON.stringify(entry)}: there is no profile '${name}'`];
  });
  const twice = entries.filter((entry, index) => entries.indexOf(entry) !== index);
  return [...problems, ...twice.map((entry) => `${JSON.stringify(entry)} twice: expected it once`)];
}

/** Finds a cycle of profiles that inherit each other. @returns Their names in order; undefined if there is none. */
export function findCycle(profiles: Profiles): readonly string[] | undefined {
  const done = new Set<string>();
  function visit(name: string, way: readonly string[]): readonly string[] | undefined {
    const start = way.indexOf(name);
    if (start >= 0) return [...way.slice(start), name];
    if (done.has(name)) return undefined;
    for (const next of profiles.get(name)?.inherits ?? []) {
      const found = visit(next, [...way, name]);
      if (found !== undefined) return found;
    }
    done.add(name);
    return undefined;
  }
  for (const name of profiles.keys()) {
    const found = visit(name, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Computes the values that a node inherits from profiles. Profiles apply in the order of `entries`, each after those that it inherits.
 * A profile applies once, at its first place. If two have a value of the same URL, the later one wins. `~name` excludes a profile,
 * even an inherited one. `~/url` excludes the values of that URL and of all URLs below it.
 *
 * @param entries The node's `/profiles`. Unknown names are ignored.
 */
export function inheritedBy(entries: readonly string[], profiles: Profiles): ReadonlyMap<string, Inherited> {
  const without = leftOutBy(entries);
  const inherited = new Map<string, Inherited>();
  for (const name of profilesOf(entries, profiles)) {
    for (const [url, value] of profiles.get(name)?.values ?? []) {
      if (!isLeftOut(url, without)) inherited.set(url, { value, from: name });
    }
  }
  return inherited;
}

/** Returns the names and URLs that a node's `/profiles` leaves out. */
function leftOutBy(entries: readonly string[]): ReadonlySet<string> {
  return new Set(entries.filter((entry) => entry.startsWith("~")).map((entry) => entry.slice(1)));
}

function isLeftOut(url: string, without: ReadonlySet<string>): boolean {
  if (without.size === 0) return false;
  for (let end = url.length; end > 0; end = url.lastIndexOf("/", end - 1)) {
    if (without.has(url.slice(0, end))) return true;
  }
  return false;
}

/** Returns the names of the profiles that apply to a node, in the order in which they apply. */
export function profilesOf(entries: readonly string[], profiles: Profiles): readonly string[] {
  const names = new Set<string>();
  const without = leftOutBy(entries);
  function add(name: string, way: readonly string[]): void {
    const profile = profiles.get(name);
    if (profile === undefined || names.has(name) || without.has(name) || way.includes(name)) return;
    for (const next of profile.inherits) add(next, [...way, name]);
    names.add(name);
  }
  for (const entry of entries) if (!entry.startsWith("~")) add(entry, []);
  return [...names];
}

/** Tells whether two profiles are equal; a missing profile equals only a missing one. */
export function equalProfiles(a: Profile | undefined, b: Profile | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.about === b.about && equalValues([...a.inherits], [...b.inherits]) && a.values.size === b.values.size &&
    [...a.values].every(([url, value]) => equalValues(value, b.values.get(url)));
}

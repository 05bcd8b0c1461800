import { equalValues, KEPT_URLS, type Value, type Values } from "../../src/state/mod.ts";

/** Cfg that nodes have in common. */
export interface Profile {
  readonly name: string;
  /** What it is for, in words. */
  readonly about: string;
  /** Profiles whose values it takes over, in order: see {@link inheritedBy}. */
  readonly inherits: readonly string[];
  /** Its own values, by URL. */
  readonly values: Values;
}

/** Profiles by name. */
export type Profiles = ReadonlyMap<string, Profile>;

/** A value that a node has from a profile. */
export interface Inherited {
  readonly value: Value;
  /** The profile that says so. */
  readonly from: string;
}

/** The most profiles of a cluster. */
export const MAX_PROFILES = 256;
/** The most entries of a node's `/profiles`, and of a profile's `inherits`. */
export const MAX_ENTRIES = 64;
/** The names that profiles and groups may have: they stand in URLs, and beside nodesets. */
export const LAYER_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;

/** What is each node's own: no profile has it. */
const OWN_URLS: ReadonlySet<string> = new Set([
  ...["/name", "/role", "/deleted", "/profiles", "/freeze", "/ipv4/mac", "/ipv4/address", ...KEPT_URLS],
]);

/** Tells why a profile can't have a value of this URL; undefined if it can. */
export function validateProfileUrl(url: string): string | undefined {
  return OWN_URLS.has(url) ? `${url} can't be set in a profile: it is each node's own` : undefined;
}

/** Tells what is wrong with the entries of `/profiles`, or of a profile's `inherits`; one message each. */
export function validateEntries(entries: readonly string[], profiles: Profiles): string[] {
  const problems = entries.flatMap((entry) => {
    if (entry.startsWith("~/")) return [];
    const name = entry.replace(/^~/, "");
    return profiles.has(name) ? [] : [`${JSON.stringify(entry)}: there is no profile '${name}'`];
  });
  const twice = entries.filter((entry, index) => entries.indexOf(entry) !== index);
  return [...problems, ...twice.map((entry) => `${JSON.stringify(entry)} is given twice: expected it once`)];
}

/** Finds a profile that inherits itself: the names on the way round, or undefined. */
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
 * Works out what a node has from profiles. They count in the order of `entries`, each after those that it inherits, and once, where it
 * comes first; of two that have a value of one URL the later one counts. `~name` leaves out a profile, however it comes in; `~/url`
 * leaves out the values of that URL and of all below it.
 *
 * @param entries The node's `/profiles`. Names that are unknown are passed over.
 */
export function inheritedBy(entries: readonly string[], profiles: Profiles): ReadonlyMap<string, Inherited> {
  const without = new Set(entries.filter((entry) => entry.startsWith("~")).map((entry) => entry.slice(1)));
  const inherited = new Map<string, Inherited>();
  const order: Profile[] = [];
  const seen = new Set<string>();
  function add(name: string): void {
    const profile = profiles.get(name);
    if (profile === undefined || seen.has(name) || without.has(name)) return;
    seen.add(name);
    profile.inherits.forEach(add);
    order.push(profile);
  }
  for (const entry of entries) if (!entry.startsWith("~")) add(entry);
  for (const { name, values } of order) {
    for (const [url, value] of values) {
      if (!isLeftOut(url, without)) inherited.set(url, { value, from: name });
    }
  }
  return inherited;
}

function isLeftOut(url: string, without: ReadonlySet<string>): boolean {
  if (without.size === 0) return false;
  for (let end = url.length; end > 0; end = url.lastIndexOf("/", end - 1)) {
    if (without.has(url.slice(0, end))) return true;
  }
  return false;
}

/** The names of the profiles that a node's `/profiles` brings in, in the order in which they count. */
export function profilesOf(entries: readonly string[], profiles: Profiles): readonly string[] {
  const names = new Set<string>();
  const without = new Set(entries.filter((entry) => entry.startsWith("~")).map((entry) => entry.slice(1)));
  function add(name: string, way: readonly string[]): void {
    const profile = profiles.get(name);
    if (profile === undefined || names.has(name) || without.has(name) || way.includes(name)) return;
    for (const next of profile.inherits) add(next, [...way, name]);
    names.add(name);
  }
  for (const entry of entries) if (!entry.startsWith("~")) add(entry, []);
  return [...names];
}

/** Tells whether two profiles say the same; a profile that is not there says nothing. */
export function equalProfiles(a: Profile | undefined, b: Profile | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.about === b.about && equalValues([...a.inherits], [...b.inherits]) && a.values.size === b.values.size &&
    [...a.values].every(([url, value]) => equalValues(value, b.values.get(url)));
}

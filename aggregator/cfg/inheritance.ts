import { INHERITED, isRecord, type Value, type Values } from "../../src/state/mod.ts";
import { inheritedBy, type Profiles } from "../profiles/profile.ts";

/** The profile that each value of a node's cfg comes from, by URL; the node's own values are not there. */
export function sourcesOf(cfg: Pick<Values, "get">): ReadonlyMap<string, string> {
  const noted = cfg.get(INHERITED);
  if (!isRecord(noted)) return new Map();
  return new Map(
    Object.entries(noted).flatMap(([from, urls]) =>
      Array.isArray(urls) ? urls.map((url): [string, string] => [String(url), from]) : []
    ),
  );
}

/** The values of a cfg that are the node's own: those that no profile brings. */
export function ownOf(cfg: Values): Map<string, Value> {
  const sources = sourcesOf(cfg);
  return new Map([...cfg].filter(([url]) => url !== INHERITED && !sources.has(url)));
}

/** The entries of a cfg's `/profiles`. */
export function entriesOf(cfg: Pick<Values, "get">): readonly string[] {
  const entries = cfg.get("/profiles");
  return Array.isArray(entries) ? entries.filter((entry): entry is string => typeof entry === "string") : [];
}

/**
 * Adds to a node's own cfg what it has from profiles. Its own values come first, whatever a profile says.
 *
 * @returns All of its cfg, and what notes where the rest comes from: see `/inherited`; undefined where nothing does.
 */
export function inherit(own: Values, profiles: Profiles): { readonly cfg: Values; readonly noted: Value | undefined } {
  const entries = entriesOf(own);
  if (entries.length === 0) return { cfg: own, noted: undefined };
  const cfg = new Map(own);
  const noted = new Map<string, string[]>();
  for (const [url, { value, from }] of inheritedBy(entries, profiles)) {
    if (own.has(url)) continue;
    cfg.set(url, value);
    const urls = noted.get(from) ?? [];
    if (urls.length === 0) noted.set(from, urls);
    urls.push(url);
  }
  if (noted.size === 0) return { cfg, noted: undefined };
  const names = [...noted.keys()].sort();
  return { cfg, noted: Object.fromEntries(names.map((name) => [name, [...noted.get(name) ?? []].sort()])) };
}

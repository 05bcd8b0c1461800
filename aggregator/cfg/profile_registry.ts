import { createHash } from "node:crypto";
import { canonicalBoot } from "../../src/boot/mod.ts";
import { isRecord, type Schema, type Value } from "../../src/state/mod.ts";
import type { Refusal } from "../../src/toolkit/mod.ts";
import type { CfgResult, CfgWriter } from "./writer.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { Stored } from "../store/mod.ts";
import { entriesOf } from "./inheritance.ts";
import {
  findCycle,
  LAYER_NAME,
  MAX_ENTRIES,
  MAX_PROFILES,
  type Profile,
  type Profiles,
  profilesOf,
  validateEntries,
  validateProfileUrl,
} from "../profiles/profile.ts";

/** The fact that has all profiles, as JSON. */
const FACT = "profiles";
/** The most values of a profile. */
const MAX_VALUES = 1_000;
/** The most nodes that an error names. */
const MAX_NAMES = 16;

/** A profile as people write it. */
export interface ProfileBody {
  readonly about?: string;
  readonly inherits?: readonly string[];
  readonly values: ReadonlyMap<string, Value>;
}

/** How a profile is written. */
export interface ProfileOptions {
  readonly dryRun?: boolean;
}

/** The profiles of a cluster. The root alone has some. */
export interface ProfileRegistry {
  list(): readonly Profile[];
  get(name: string): Profile | undefined;
  /** Names the contents of a profile: it changes with them. Empty for one that is not there. */
  tagOf(name: string): string;
  /** The names of the nodes that a profile touches. */
  nodesOf(name: string): readonly string[];
  /** Makes a profile be as given, and with it the cfg of every node that it touches; all or nothing. */
  set(name: string, body: ProfileBody, options?: ProfileOptions): CfgResult;
  /** Forgets a profile. Refused while a node or another profile names it. */
  remove(name: string, options?: ProfileOptions): CfgResult;
}

/** Reads the profiles that a store has. */
export function readProfiles(facts: Stored["facts"]): Profiles {
  const text = facts.get(FACT);
  const stored: unknown = typeof text === "string" ? JSON.parse(text) : {};
  if (!isRecord(stored)) return new Map();
  return new Map(
    Object.entries(stored).flatMap(([name, each]): [string, Profile][] => {
      if (!isRecord(each) || !isRecord(each["values"]) || !Array.isArray(each["inherits"])) return [];
      const values = new Map(Object.entries(each["values"]) as [string, Value][]); // as they were written here
      return [[name, { name, about: String(each["about"]), inherits: each["inherits"].map(String), values }]];
    }),
  );
}

function writeProfiles(profiles: Profiles): string {
  return JSON.stringify(
    Object.fromEntries(
      [...profiles].map(([name, { about, inherits, values }]) => [
        name,
        { about, inherits, values: Object.fromEntries(values) },
      ]),
    ),
  );
}

/** Makes the registry of an aggregator. @param parts `held` has the profiles, and is given others once they are on disk. */
export function createProfileRegistry(
  parts: {
    readonly held: { profiles: Profiles };
    readonly cfg: Pick<CfgWriter, "reprofile">;
    readonly nodes: Nodes;
    ids(): Iterable<string>;
    schema(): Schema;
    /** Whether some mutation changes the variable behind a URL. */
    isMutable(url: string): boolean;
    readonly isRoot: boolean;
  },
): ProfileRegistry {
  const { held, nodes } = parts;

  function* users(): Generator<{ readonly name: string; readonly entries: readonly string[] }> {
    for (const id of parts.ids()) {
      const node = nodes.read(id);
      const entries = node === undefined ? [] : entriesOf(node.cfg);
      if (node !== undefined && entries.length > 0) yield { name: node.name, entries };
    }
  }
  function tagOf(name: string): string {
    const profile = held.profiles.get(name);
    if (profile === undefined) return "";
    return createHash("sha256").update(writeProfiles(new Map([[name, profile]]))).digest("hex").slice(0, 32);
  }
  function put(next: Profiles, dryRun: boolean): CfgResult {
    const result = parts.cfg.reprofile(next, { dryRun, facts: new Map([[FACT, writeProfiles(next)]]) });
    if (result.ok && !dryRun) held.profiles = next;
    return result;
  }
  function refuse(): Refusal | undefined {
    return parts.isRoot ? undefined : { ok: false, kind: "unavailable", problems: ["Only the root changes profiles"] };
  }

  return {
    list: () => [...held.profiles.values()].sort((a, b) => a.name < b.name ? -1 : 1),
    get: (name) => held.profiles.get(name),
    tagOf,
    nodesOf: (name) =>
      [...users()].filter(({ entries }) => profilesOf(entries, held.profiles).includes(name)).map((node) => node.name),
    set(name, body, options = {}) {
      const refusal = refuse();
      if (refusal !== undefined) return refusal;
      const { about = "", inherits = [] } = body;
      const values = new Map([...body.values].map(([url, value]) => [url, canonicalBoot(url, value)]));
      const next = new Map(held.profiles).set(name, { name, about, inherits, values });
      const problems = validateProfile(parts, next, name);
      if (problems.length > 0) return { ok: false, kind: "invalid", problems };
      return put(next, options.dryRun === true);
    },
    remove(name, options = {}) {
      const refusal = refuse();
      if (refusal !== undefined) return refusal;
      if (!held.profiles.has(name)) return { ok: false, kind: "unknown", problems: [`No profile '${name}'`] };
      const heirs = [...held.profiles.values()].filter(({ inherits }) => inherits.includes(name));
      const names = [
        ...heirs.map((each) => `the profile '${each.name}'`),
        ...[...users()].filter(({ entries }) => entries.some((entry) => entry.replace(/^~/, "") === name))
          .map((node) => `'${node.name}'`),
      ];
      if (names.length > 0) {
        const shown = names.slice(0, MAX_NAMES).join(", ") + (names.length > MAX_NAMES ? " ..." : "");
        return { ok: false, kind: "conflict", problems: [`The profile '${name}' is in use by ${shown}`] };
      }
      const next = new Map(held.profiles);
      next.delete(name);
      return put(next, options.dryRun === true);
    },
  };
}

/** Tells what is wrong with a profile; one message each. */
function validateProfile(
  parts: { schema(): Schema; isMutable(url: string): boolean },
  profiles: Profiles,
  name: string,
): string[] {
  const schema = parts.schema();
  const profile = profiles.get(name);
  if (profile === undefined) return [];
  if (!LAYER_NAME.test(name)) {
    return [`The name is ${JSON.stringify(name.slice(0, 80))}: expected 1 to 64 letters, digits, '_', '.' or '-'`];
  }
  const { about, inherits, values } = profile;
  const problems: string[] = [];
  if (profiles.size > MAX_PROFILES) problems.push(`There are ${MAX_PROFILES} profiles already: expected no more`);
  if (about.length > 256) problems.push(`about has ${about.length} characters: expected 256 at most`);
  if (inherits.length > MAX_ENTRIES) {
    problems.push(`inherits has ${inherits.length} entries: expected ${MAX_ENTRIES} at most`);
  }
  const odd = inherits.filter((entry) => entry.startsWith("~"));
  problems.push(...odd.map((entry) => `inherits has ${JSON.stringify(entry)}: only a node leaves a profile out`));
  problems.push(
    ...validateEntries(inherits.filter((entry) => !entry.startsWith("~")), profiles, () => true).map((each) =>
      `inherits has ${each}`
    ),
  );
  if (values.size > MAX_VALUES) problems.push(`values has ${values.size} values: expected ${MAX_VALUES} at most`);
  for (const [url, value] of values) {
    const problem = validateProfileUrl(url) ?? schema.validate(url, value);
    if (problem !== undefined) problems.push(problem);
    else if (schema.find(url)?.variable.writer !== "cfg" && !parts.isMutable(url)) {
      problems.push(`${url} can't be set: it is only discovered, and no mutation changes it`);
    }
  }
  const cycle = findCycle(profiles);
  if (cycle !== undefined) problems.push(`inherits leads in a circle: ${cycle.join(" -> ")}`);
  return problems;
}

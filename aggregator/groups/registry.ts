import { createHash } from "node:crypto";
import { isRecord, type Schema, type Value } from "../../src/state/mod.ts";
import type { Done, Refusal } from "../../src/toolkit/mod.ts";
import { notWritten } from "../cfg/parts.ts";
import type { Store, Stored } from "../store/mod.ts";
import { expandGroups, type Group, type Groups, MAX_GROUPS, type Member, membersOf, validateGroup } from "./group.ts";

/** The name of the fact that holds all groups, as JSON. */
const FACT = "groups";

/** The groups of a cluster. Only the root has groups. */
export interface GroupRegistry {
  list(): readonly Group[];
  get(name: string): Group | undefined;
  /** Returns a version of a group that changes with its contents; empty if the group does not exist. */
  tagOf(name: string): string;
  /** Returns the names of a group's members; empty if the group does not exist. */
  membersOf(name: string): readonly string[];
  /** See {@link expandGroups}. */
  expand(nodeset: string): ReturnType<typeof expandGroups>;
  set(group: Group): Done;
  remove(name: string): Done;
}

/** Creates the registry of an aggregator from the groups in its store. */
export function createGroupRegistry(
  parts: {
    readonly store: Store;
    readonly facts: Stored["facts"];
    readonly isRoot: boolean;
    schema(): Schema;
    nodes(): Iterable<Member>;
  },
): GroupRegistry {
  let groups = readGroups(parts.facts);

  function tagOf(name: string): string {
    const group = groups.get(name);
    if (group === undefined) return "";
    return createHash("sha256").update(writeGroups(new Map([[name, group]]))).digest("hex").slice(0, 32);
  }
  function refuse(): Refusal | undefined {
    return parts.isRoot ? undefined : { ok: false, kind: "unavailable", problems: ["Only the root changes groups"] };
  }
  function put(next: Groups): Done {
    try {
      parts.store.commit({ facts: new Map([[FACT, writeGroups(next)]]) });
    } catch (error) {
      return notWritten(error);
    }
    groups = next;
    return { ok: true };
  }

  return {
    list: () => [...groups.values()].sort((a, b) => a.name < b.name ? -1 : 1),
    get: (name) => groups.get(name),
    tagOf,
    membersOf(name) {
      const group = groups.get(name);
      return group === undefined ? [] : membersOf(group, parts.nodes());
    },
    expand: (nodeset) => expandGroups(nodeset, groups, parts.nodes),
    set(group) {
      const refusal = refuse();
      if (refusal !== undefined) return refusal;
      const problems = validateGroup(group, parts.schema());
      if (!groups.has(group.name) && groups.size >= MAX_GROUPS) {
        problems.push(`There are ${MAX_GROUPS} groups already: expected no more`);
      }
      if (problems.length > 0) return { ok: false, kind: "invalid", problems };
      return put(new Map(groups).set(group.name, group));
    },
    remove(name) {
      const refusal = refuse();
      if (refusal !== undefined) return refusal;
      if (!groups.has(name)) return { ok: false, kind: "unknown", problems: [`No group '@${name}'`] };
      const next = new Map(groups);
      next.delete(name);
      return put(next);
    },
  };
}

function readGroups(facts: Stored["facts"]): Groups {
  const text = facts.get(FACT);
  const stored: unknown = typeof text === "string" ? JSON.parse(text) : {};
  if (!isRecord(stored)) return new Map();
  return new Map(
    Object.entries(stored).flatMap(([name, each]): [string, Group][] => {
      if (!isRecord(each)) return [];
      const { about, nodes, filter } = each;
      if (typeof nodes === "string") return [[name, { name, about: String(about), nodes }]];
      if (!isRecord(filter)) return [];
      const values = new Map(Object.entries(filter) as [string, Value][]); // as they were written here
      return [[name, { name, about: String(about), filter: values }]];
    }),
  );
}

function writeGroups(groups: Groups): string {
  return JSON.stringify(
    Object.fromEntries(
      [...groups].map(([name, { about, nodes, filter }]) => [
        name,
        {
          about,
          ...(nodes !== undefined && { nodes }),
          ...(filter !== undefined && { filter: Object.fromEntries(filter) }),
        },
      ]),
    ),
  );
}

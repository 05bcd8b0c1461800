import type { Result } from "../../src/toolkit/mod.ts";
import { PHASES } from "../../src/api/mod.ts";
import { foldNodeset, parseNodeset } from "../../src/nodeset/mod.ts";
import { equalValues, type Schema, type Value } from "../../src/state/mod.ts";
import { LAYER_NAME } from "../profiles/profile.ts";

/** A group of nodes, written `@name`: a fixed list, or all nodes that currently match a filter. */
export interface Group {
  readonly name: string;
  /** A description for people. */
  readonly about: string;
  /** A nodeset. It may contain names of nodes that do not exist yet. */
  readonly nodes?: string;
  /** Values by URL, or by `phase`. A node must have all of them. */
  readonly filter?: ReadonlyMap<string, Value>;
}

/** Groups by name. */
export type Groups = ReadonlyMap<string, Group>;

/** The most groups of a cluster. */
export const MAX_GROUPS = 1_024;

/** A node as filters see it. */
export interface Member {
  readonly name: string;
  readonly phase: string;
  get(url: string): Value | undefined;
}

/** Checks a group. @returns A message for each problem. */
export function validateGroup(group: Group, schema: Schema): string[] {
  const { name, about, nodes, filter } = group;
  const problems: string[] = [];
  if (!LAYER_NAME.test(name)) {
    problems.push(
      `The name is ${JSON.stringify(name.slice(0, 80))}: expected 1 to 64 letters, digits, '_', '.' or '-'`,
    );
  }
  if (about.length > 256) problems.push(`about has ${about.length} characters: expected 256 at most`);
  if ((nodes === undefined) === (filter === undefined)) {
    problems.push("nodes and filter are both there, or neither is: expected one of them");
  }
  const parsed = nodes === undefined ? undefined : parseNodeset(nodes);
  if (parsed?.ok === false) problems.push(`nodes is no nodeset: ${parsed.problem}`);
  if (filter?.size === 0) problems.push("filter is empty: expected a URL and its value, such as /rack and r1");
  for (const [url, value] of filter ?? []) {
    const problem = url === "phase" ? validatePhase(value) : schema.validate(url, value);
    if (problem !== undefined) problems.push(`filter: ${problem}`);
  }
  return problems;
}

function validatePhase(value: Value): string | undefined {
  return PHASES.some((phase) => phase === value)
    ? undefined
    : `phase is ${JSON.stringify(value)}: expected one of ${PHASES.join(", ")}`;
}

/** Returns the names of a group's members, in the order of the nodes. */
export function membersOf(group: Group, nodes: Iterable<Member>): string[] {
  const { filter } = group;
  if (filter === undefined) {
    const parsed = parseNodeset(group.nodes ?? "");
    const wanted = new Set(parsed.ok ? parsed.names : []);
    return [...nodes].filter(({ name }) => wanted.has(name)).map(({ name }) => name);
  }
  return [...nodes].filter((node) => fits(node, filter)).map(({ name }) => name);
}

function fits(node: Member, filter: ReadonlyMap<string, Value>): boolean {
  for (const [url, value] of filter) {
    const found = url === "phase" ? node.phase : node.get(url);
    if (found === undefined || !equalValues(found, value)) return false;
  }
  return true;
}

/**
 * Replaces `@name` in a nodeset, such as `n1,@gpu`, by the members of the group. A group without members adds nothing.
 *
 * @param text A nodeset; returned unchanged if it names no groups.
 * @returns A nodeset without groups, or a problem.
 */
export function expandGroups(
  text: string,
  groups: Groups,
  nodes: () => Iterable<Member>,
): Result<string, { readonly problem: string }> {
  if (!text.includes("@")) return { ok: true, value: text };
  const parts: string[] = [];
  for (const part of text.split(/,(?![^[]*\])/)) {
    const name = /^\s*@(.*?)\s*$/.exec(part)?.[1];
    const group = name === undefined ? undefined : groups.get(name);
    if (name === undefined) parts.push(part);
    else if (group === undefined) return { ok: false, problem: `There is no group '@${name.slice(0, 80)}'` };
    else {
      const members = membersOf(group, nodes());
      if (members.length > 0) parts.push(foldNodeset(members));
    }
  }
  return { ok: true, value: parts.join(",") };
}

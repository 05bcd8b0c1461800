import {
  bindUrl,
  type Condition,
  describeIssue,
  findIssue,
  isPattern,
  type Schema,
  statedConditions,
} from "../state/mod.ts";
import { type Lookup, placeholdersOf } from "./lookup.ts";
import type { DomainMutation } from "./plan.ts";

/**
 * Collects the condition of every variable of a domain: the one that its extension states, otherwise the common part
 * of all its discoveries. A variable without either has none.
 *
 * @param schema The variables.
 * @param lookup Finds a variable by its declared URL.
 * @param mutations The domain's mutations.
 * @throws {TypeError} If a stated condition names an undeclared variable, or conditions form a circle.
 */
export function conditionsFor(
  schema: Schema,
  lookup: Lookup,
  mutations: readonly DomainMutation[],
): Map<string, Condition> {
  const conditions = new Map<string, Condition>();
  const stated = statedConditions(schema);
  for (const [pattern, condition] of stated) {
    checkStated(lookup, pattern, condition);
    if (Object.keys(condition).length > 0) conditions.set(pattern, condition);
  }
  for (const [pattern, condition] of derivedConditions(lookup, mutations)) {
    if (!stated.has(pattern) && Object.keys(condition).length > 0) conditions.set(pattern, condition);
  }
  const ordered = new Map([...conditions].sort(([a], [b]) => (a < b ? -1 : 1)));
  refuseCircles(lookup, ordered);
  return ordered;
}

function checkStated(lookup: Lookup, pattern: string, condition: Condition): void {
  const names = placeholdersOf(pattern);
  for (const [url, value] of Object.entries(condition)) {
    const refuse = (problem: string) => {
      throw new TypeError(`Cannot use knownWhile of '${pattern}': ${problem}`);
    };
    const type = lookup(url)?.variable.type;
    if (type === undefined) return refuse(`'${url}' is not declared: expected a variable of an extension`);
    const issue = findIssue(type, value, url);
    if (issue !== undefined) refuse(describeIssue(issue));
    if (type.kind === "enum" && value === type.values[0]) {
      refuse(`'${url}' is '${value}', which means unknown: expected a value that can be known`);
    }
    const stray = placeholdersOf(url).find((name) => !names.includes(name));
    if (stray !== undefined) refuse(`'${url}' has the placeholder '{${stray}}': expected one of its own`);
  }
}

/** Derives for each variable, by its declared URL or pattern, the needs that all its discoveries share. */
function derivedConditions(lookup: Lookup, mutations: readonly DomainMutation[]): Map<string, Condition> {
  const derived = new Map<string, Condition>();
  for (const { declaration } of mutations) {
    for (const url of Object.keys(declaration.changes)) {
      const declared = lookup(url);
      if (declared === undefined || !isDiscovery(lookup, declaration.changes, url)) continue;
      const needed = neededToDiscover(lookup, declaration, url);
      const before = derived.get(declared.pattern);
      const common = Object.entries(before ?? needed).filter(([other, value]) => needed[other] === value);
      derived.set(declared.pattern, Object.fromEntries(common));
    }
  }
  return derived;
}

function isDiscovery(lookup: Lookup, changes: DomainMutation["declaration"]["changes"], url: string): boolean {
  const type = lookup(url)?.variable.type;
  return type?.kind === "enum" && changes[url]?.[0] === type.values[0];
}

/**
 * Collects the needs of one mutation that discovers a variable. It leaves out constants, which cannot cease to hold; unknown
 * values, from which nothing else can be known; and variables that are discovered together with this one.
 */
function neededToDiscover(lookup: Lookup, declaration: DomainMutation["declaration"], url: string): Condition {
  const needed: Record<string, string | number | boolean> = {};
  for (const [other, value] of Object.entries(declaration.requires ?? {})) needed[other] = value;
  for (const [other, [, to]] of Object.entries(declaration.changes)) {
    if (isDiscovery(lookup, declaration.changes, other)) delete needed[other];
    else needed[other] = to;
  }
  delete needed[url];
  const own = placeholdersOf(lookup(url)?.pattern ?? url);
  for (const [other, value] of Object.entries(needed)) {
    const variable = lookup(other)?.variable;
    const isUnknown = variable?.type.kind === "enum" && variable.type.values[0] === value;
    const isStray = placeholdersOf(other).some((name) => !own.includes(name));
    if (variable === undefined || variable.writer === "cfg" || isUnknown || isStray) delete needed[other];
  }
  return needed;
}

function refuseCircles(lookup: Lookup, conditions: ReadonlyMap<string, Condition>): void {
  const done = new Set<string>();
  function visit(pattern: string, way: readonly string[]): void {
    if (way.includes(pattern)) {
      const circle = [...way.slice(way.indexOf(pattern)), pattern].map((url) => `'${url}'`).join(" while ");
      throw new TypeError(`Cannot use conditions that lead back to themselves: ${circle} could never be known`);
    }
    if (done.has(pattern)) return;
    for (const url of Object.keys(conditions.get(pattern) ?? {})) visit(lookup(url)?.pattern ?? url, [...way, pattern]);
    done.add(pattern);
  }
  for (const pattern of conditions.keys()) visit(pattern, []);
}

/** A value that a variable must have. */
export interface NeededValue {
  readonly url: string;
  readonly value: string | number | boolean;
}

/** A condition as a list, by its declaration. */
const listed = new WeakMap<Condition, { readonly needed: readonly NeededValue[]; readonly isBound: boolean }>();
const NOTHING: readonly NeededValue[] = [];

function listOf(condition: Condition): { readonly needed: readonly NeededValue[]; readonly isBound: boolean } {
  const known = listed.get(condition);
  if (known !== undefined) return known;
  const needed = Object.entries(condition).map(([url, value]) => ({ url, value })).sort(byUrl);
  const made = { needed, isBound: needed.every(({ url }) => !isPattern(url)) };
  listed.set(condition, made);
  return made;
}

function byUrl(a: NeededValue, b: NeededValue): number {
  return a.url < b.url ? -1 : 1;
}

/**
 * Lists the values that must hold for a variable of one node to be known: its pattern's condition with the
 * placeholders bound.
 *
 * @param domain Gives the variables and their conditions.
 * @param url The variable's URL.
 * @returns The values ordered by URL; empty if the variable has no condition.
 */
export function conditionOf(
  domain: { readonly schema: Schema; readonly conditions: ReadonlyMap<string, Condition> },
  url: string,
): readonly NeededValue[] {
  const found = domain.schema.find(url);
  const condition = found === undefined ? undefined : domain.conditions.get(found.pattern);
  if (found === undefined || condition === undefined) return NOTHING;
  const { needed, isBound } = listOf(condition);
  if (isBound) return needed;
  return needed.map(({ url, value }) => ({ url: bindUrl(url, found.bindings), value })).sort(byUrl);
}

/**
 * Lists everything that must hold for a variable to be known: its condition, and the conditions of the variables in
 * it, at any depth.
 *
 * @param conditionOf Gives the condition of one variable.
 * @param url The variable's URL.
 */
export function allConditionsOf(conditionOf: (url: string) => readonly NeededValue[], url: string): NeededValue[] {
  const all = new Map<string, NeededValue>();
  const pending = [url];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const needed of conditionOf(next)) {
      const key = `${needed.url} ${JSON.stringify(needed.value)}`;
      if (all.has(key)) continue;
      all.set(key, needed);
      pending.push(needed.url);
    }
  }
  return [...all.values()];
}

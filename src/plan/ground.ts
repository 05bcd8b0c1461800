import { type Bindings, bindUrl, isPattern, type Values } from "../state/mod.ts";
import { conditionOf, type NeededValue } from "./conditions.ts";
import { type MutationKey, mutationKey } from "./mutation.ts";
import type { Domain, DomainMutation } from "./plan.ts";

/** A scalar that a mutation or a condition names. */
export type Scalar = string | number | boolean;

/** A mutation whose placeholders are bound to names of a node. Everything in it is ordered by URL. */
export interface GroundMutation {
  readonly key: MutationKey;
  readonly module: string;
  readonly id: string;
  readonly bindings: Bindings;
  readonly context: "self" | "parent";
  readonly changes: readonly { readonly url: string; readonly from: string; readonly to: string }[];
  readonly requires: readonly NeededValue[];
  readonly excludes: readonly { readonly url: string; readonly values: readonly Scalar[] }[];
  readonly failTo: { readonly [url: string]: string };
  readonly timeout: number;
  readonly disruption: number;
  readonly duration: number;
}

/** Everything that some goals can depend on, whatever values a node has. */
export interface Frame {
  /** Every URL whose value can matter, in code-unit order. */
  readonly urls: readonly string[];
  /** Every mutation that can matter, in the order of module, id and bindings. */
  readonly mutations: readonly GroundMutation[];
  /** What must hold for a URL's value to be known. URLs without a condition are left out. */
  readonly conditions: ReadonlyMap<string, readonly NeededValue[]>;
}

/** Instantiates the mutations of one domain. */
export interface Grounder {
  /** The URLs of a node (in its view or cfg) that decide for which names mutations are instantiated, besides goals. */
  namesOf(view: Values, cfg: Values): string[];
  /** The frame of some goals, on a node with these names. */
  ground(goals: readonly string[], names: readonly string[]): Frame;
}

/** Makes a {@link Grounder}. */
export function createGrounder(domain: Domain): Grounder {
  const changersOf = new Map<string, DomainMutation[]>();
  /** Patterns of mutations that change a plain URL too: that URL alone does not say for which names. */
  const naming = new Set<string>();
  for (const mutation of domain.mutations) {
    const urls = Object.keys(mutation.declaration.changes);
    for (const url of urls) {
      const changers = changersOf.get(url) ?? [];
      changers.push(mutation);
      changersOf.set(url, changers);
      if (isPattern(url) && urls.some((other) => !isPattern(other))) naming.add(url);
    }
  }

  function namesOf(view: Values, cfg: Values): string[] {
    if (naming.size === 0) return [];
    const urls = new Set([...view.keys(), ...cfg.keys()]);
    return [...urls].filter((url) => naming.has(domain.schema.find(url)?.pattern ?? "")).sort();
  }

  /** The instances of a mutation that change a URL, which it changes as `changed` says. */
  function instances(mutation: DomainMutation, changed: string, url: string, names: readonly string[]): Bindings[] {
    const patterns = Object.keys(mutation.declaration.changes).filter(isPattern);
    if (patterns.length === 0) return [{}];
    if (isPattern(changed)) return [domain.schema.find(url)?.bindings ?? {}];
    return names.flatMap((name) => {
      const found = domain.schema.find(name);
      return found !== undefined && patterns.includes(found.pattern) ? [found.bindings] : [];
    });
  }

  function ground(goals: readonly string[], names: readonly string[]): Frame {
    const mutations = new Map<MutationKey, GroundMutation>();
    const conditions = new Map<string, readonly NeededValue[]>();
    const urls = new Set(goals);
    for (const url of urls) { // grows while it is read
      const condition = conditionOf(domain, url);
      if (condition.length > 0) conditions.set(url, condition);
      for (const needed of condition) urls.add(needed.url);
      const pattern = domain.schema.find(url)?.pattern ?? url;
      for (const changed of new Set([url, pattern])) {
        for (const mutation of changersOf.get(changed) ?? []) {
          for (const bindings of instances(mutation, changed, url, names)) {
            const key = mutationKey(mutation.module, mutation.id, bindings);
            if (mutations.has(key)) continue;
            const bound = bind(mutation, key, bindings);
            mutations.set(key, bound);
            for (const part of [bound.changes, bound.requires, bound.excludes]) {
              for (const named of part) urls.add(named.url);
            }
          }
        }
      }
    }
    return {
      urls: [...urls].sort(),
      mutations: [...mutations].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, mutation]) => mutation),
      conditions,
    };
  }

  return { namesOf, ground };
}

function bind(mutation: DomainMutation, key: MutationKey, bindings: Bindings): GroundMutation {
  const { changes, requires = {}, excludes = {}, failTo = {}, timeout, disruption = 1 } = mutation.declaration;
  function bound<T>(part: { readonly [url: string]: T }): (readonly [string, T])[] {
    const entries = Object.entries(part).map(([url, value]) =>
      [isPattern(url) ? bindUrl(url, bindings) : url, value] as const
    );
    return entries.length > 1 ? entries.sort(([a], [b]) => (a < b ? -1 : 1)) : entries;
  }
  return {
    key,
    module: mutation.module,
    id: mutation.id,
    bindings,
    context: mutation.context,
    changes: bound(changes).map(([url, [from, to]]) => ({ url, from, to })),
    requires: bound(requires).map(([url, value]) => ({ url, value })),
    excludes: bound(excludes).map(([url, value]) => ({ url, values: listOf(value) })),
    failTo: Object.fromEntries(bound(failTo)),
    timeout,
    disruption,
    duration: mutation.declaration.duration ?? Math.ceil(timeout / 4),
  };
}

function listOf(value: Scalar | readonly Scalar[]): readonly Scalar[] {
  return typeof value === "object" ? value : [value];
}

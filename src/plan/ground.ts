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
export interface GroundFrame {
  /** Every URL whose value can matter, in code-unit order. */
  readonly urls: readonly string[];
  /** Every mutation that can matter, in the order of module, id and bindings. */
  readonly mutations: readonly GroundMutation[];
  /** The values that must hold for a URL's value to be known. URLs without a condition are left out. */
  readonly conditions: ReadonlyMap<string, readonly NeededValue[]>;
}

/** Instantiates the mutations of one domain. */
export interface Grounder {
  /** The URLs of a node (in its view or cfg) that decide for which names mutations are instantiated, besides goals. */
  namesOf(view: Values, cfg: Values): string[];
  /** The frame of some goals, on a node with these names. */
  ground(goals: readonly string[], names: readonly string[]): GroundFrame;
}

/** A mutation that changes a URL or pattern, as a way to find it by that. */
interface Changer {
  readonly template: Template;
  /** True if the mutation changes it as a pattern. */
  readonly byPattern: boolean;
}

/** Makes a {@link Grounder} for `domain`. */
export function createGrounder(domain: Domain): Grounder {
  const changersOf = new Map<string, Changer[]>();
  /** Patterns of mutations that change a plain URL too: that URL alone does not say for which names. */
  const naming = new Set<string>();
  for (const mutation of domain.mutations) {
    const template = templateOf(mutation);
    const urls = Object.keys(mutation.declaration.changes);
    for (const url of urls) {
      const changers = changersOf.get(url) ?? [];
      changers.push({ template, byPattern: isPattern(url) });
      changersOf.set(url, changers);
      if (isPattern(url) && urls.some((other) => !isPattern(other))) naming.add(url);
    }
  }

  function namesOf(view: Values, cfg: Values): string[] {
    if (naming.size === 0) return [];
    const urls = new Set([...view.keys(), ...cfg.keys()]);
    return [...urls].filter((url) => naming.has(domain.schema.find(url)?.pattern ?? "")).sort();
  }

  /** The instances of a mutation that changes a plain URL. */
  function instances({ patterns }: Template, names: readonly string[]): readonly Bindings[] {
    if (patterns.length === 0) return UNBOUND;
    return names.flatMap((name) => {
      const found = domain.schema.find(name);
      return found !== undefined && patterns.includes(found.pattern) ? [found.bindings] : [];
    });
  }

  function ground(goals: readonly string[], names: readonly string[]): GroundFrame {
    const conditions = new Map<string, readonly NeededValue[]>();
    const urls = new Set(goals);
    /** The instances of each mutation. All keys of one of them begin alike, so that to sort each is to sort all. */
    const made = new Map<Template, Map<MutationKey, GroundMutation>>();

    function add(template: Template, bindings: Bindings): void {
      let others = made.get(template);
      if (others === undefined) {
        made.set(template, others = new Map());
        for (const url of template.plainUrls) urls.add(url);
      }
      const key = mutationKey(template.module, template.id, bindings);
      if (others.has(key)) return;
      others.set(key, template.bind(key, bindings));
      for (const pattern of template.otherPatterns) urls.add(bindUrl(pattern, bindings));
    }

    for (const url of urls) { // grows while it is read
      const condition = conditionOf(domain, url);
      if (condition.length > 0) conditions.set(url, condition);
      for (const needed of condition) urls.add(needed.url);
      const found = domain.schema.find(url);
      if (found !== undefined && found.pattern !== url) {
        for (const { template } of changersOf.get(found.pattern) ?? []) add(template, found.bindings);
      }
      for (const { template, byPattern } of changersOf.get(url) ?? []) {
        if (!byPattern) { for (const bindings of instances(template, names)) add(template, bindings); }
      }
    }
    return {
      urls: [...urls].sort(),
      mutations: [...made.values()].map((each) => [...each.values()].sort(byKey)).sort(byFirstKey).flat(),
      conditions,
    };
  }

  return { namesOf, ground };
}

const UNBOUND: readonly Bindings[] = [{}];
const NO_FAIL_TO = {};

function byKey(a: GroundMutation, b: GroundMutation): number {
  return a.key < b.key ? -1 : 1;
}

function byFirstKey([a]: readonly GroundMutation[], [b]: readonly GroundMutation[]): number {
  return a !== undefined && b !== undefined && a.key < b.key ? -1 : 1;
}

/** A mutation as far as it is the same for every name. */
interface Template {
  readonly module: string;
  readonly id: string;
  /** The patterns that it changes. */
  readonly patterns: readonly string[];
  /** All plain URLs in it. */
  readonly plainUrls: readonly string[];
  /** The patterns that it names; none where there is only one, as that is the one that it was found by. */
  readonly otherPatterns: readonly string[];
  bind(key: MutationKey, bindings: Bindings): GroundMutation;
}

function templateOf(mutation: DomainMutation): Template {
  const { module, id, context, declaration } = mutation;
  const { changes, requires = {}, excludes = {}, failTo = {}, timeout, disruption = 1 } = declaration;
  const part = {
    changes: partOf(changes, (url, [from, to]) => ({ url, from, to })),
    requires: partOf(requires, (url, value) => ({ url, value })),
    excludes: partOf(excludes, (url, value) => ({ url, values: listOf(value) })),
    failTo: partOf(failTo, (url, value) => ({ url, value })),
  };
  const isFailTo = Object.keys(failTo).length > 0;
  const duration = declaration.duration ?? Math.ceil(timeout / 4);
  const named = new Set([changes, requires, excludes].flatMap((part) => Object.keys(part)));
  const patterns = [...named].filter(isPattern);
  return {
    module,
    id,
    patterns: Object.keys(changes).filter(isPattern),
    plainUrls: [...named].filter((url) => !isPattern(url)),
    otherPatterns: patterns.length === 1 && Object.keys(changes).length === 1 ? [] : patterns,
    bind: (key, bindings) => ({
      key,
      module,
      id,
      bindings,
      context,
      changes: part.changes(bindings),
      requires: part.requires(bindings),
      excludes: part.excludes(bindings),
      failTo: isFailTo ? Object.fromEntries(part.failTo(bindings).map(({ url, value }) => [url, value])) : NO_FAIL_TO,
      timeout,
      disruption,
      duration,
    }),
  };
}

/** Makes the function that binds one part of a mutation. A part without placeholders is made once. */
function partOf<T, P extends { readonly url: string }>(
  part: { readonly [url: string]: T },
  make: (url: string, value: T) => P,
): (bindings: Bindings) => readonly P[] {
  const entries = Object.entries(part);
  const [first] = entries;
  if (entries.length === 1 && first !== undefined && isPattern(first[0])) {
    return (bindings) => [make(bindUrl(first[0], bindings), first[1])];
  }
  const bind = (bindings: Bindings) =>
    entries.map(([url, value]) => make(bindUrl(url, bindings), value)).sort((a, b) => (a.url < b.url ? -1 : 1));
  if (entries.some(([url]) => isPattern(url))) return bind;
  const made = bind({});
  return () => made;
}

function listOf(value: Scalar | readonly Scalar[]): readonly Scalar[] {
  return typeof value === "object" ? value : [value];
}

import { compileDomain, type ModuleDeclaration, type Mutation } from "../../src/plan/mod.ts";
import type { Value, Variable } from "../../src/state/mod.ts";
import { fc } from "../support/property.ts";
import { Oracle } from "./oracle.ts";
import type { Problem } from "./random_domain.ts";

const HUB = ["?", "a", "b", "c"] as const;
const LEAF = ["?", "x", "y", "z"] as const;

/** A way from one of a variable's values to another one, by number. */
interface Way {
  readonly from: number;
  readonly to: number;
  /** The value of the hub that it needs; 0: none. */
  readonly needs: number;
  readonly disruption: number;
  readonly duration: number;
}

const way: fc.Arbitrary<Way> = fc.record({
  from: fc.nat(3),
  to: fc.nat(3),
  needs: fc.nat(3),
  disruption: fc.integer({ min: 1, max: 3 }),
  duration: fc.integer({ min: 1, max: 400 }),
}, { noNullPrototype: true });

/** What all leaves of a kind have in common. */
const kind = fc.record({
  ways: fc.array(way, { minLength: 5, maxLength: 9 }),
  /** The value of the hub while which it is known; 0: always. */
  knownWhile: fc.nat(3),
}, { noNullPrototype: true });

/** Where a goal comes from: below 4 it is that value, below 6 there is none, and else it is what the far world has. */
const goal = fc.nat(60);

const leaf = fc.record({ kind: fc.nat(1), now: fc.nat(3), goal }, { noNullPrototype: true });

/** Random hubs of three values with up to five leaves of two kinds, which need the hub in places and are forgotten with it. */
export const stars: fc.Arbitrary<Problem> = fc.record({
  hub: fc.array(way, { minLength: 4, maxLength: 7 }),
  kinds: fc.tuple(kind, kind),
  leaves: fc.array(leaf, { minLength: 4, maxLength: 5 }),
  now: fc.nat(3),
  goal,
  far: fc.nat(7),
}, { noNullPrototype: true }).map(({ hub, kinds, leaves, now, goal, far }) => {
  const variables: Record<string, Variable> = {
    "/hub": { type: { kind: "enum", values: HUB }, writer: "parent", about: "The hub", knownWhile: {} },
  };
  const mutations: Record<string, Mutation> = {};
  const view = new Map<string, Value>();
  const cfg = new Map<string, Value>();
  if (now > 0) view.set("/hub", HUB[now] ?? "a");
  for (const [at, each] of hub.entries()) {
    if (each.from !== each.to) mutations[`hub${at}`] = mutationOf("/hub", HUB, { ...each, needs: 0 });
  }
  for (const [at, { kind, now }] of leaves.entries()) {
    const url = `/leaf${at}`;
    const { ways, knownWhile } = kinds[kind] ?? kinds[0];
    variables[url] = {
      type: { kind: "enum", values: LEAF },
      writer: "parent",
      about: "A leaf",
      knownWhile: knownWhile === 0 ? {} : { "/hub": HUB[knownWhile] ?? "a" },
    };
    if (now > 0) view.set(url, LEAF[now] ?? "x");
    for (const [place, each] of ways.entries()) {
      if (each.from !== each.to) mutations[`leaf${at}-${place}`] = mutationOf(url, LEAF, each);
    }
  }
  const module: ModuleDeclaration = {
    name: "star",
    about: "Random",
    extensions: [{ name: "star", variables }],
    discovers: [],
    mutations,
  };
  // Goals are taken from one of the worlds that cost the most to reach, so that plans are long.
  const world = new Oracle(compileDomain([module]), view).worlds().slice(-8).at(far % 8 - 8)?.world;
  const want = (url: string, values: readonly string[], goal: number) => {
    const value = goal < 4 ? values[goal] : goal < 6 ? undefined : world?.get(url);
    if (value !== undefined) cfg.set(url, value);
  };
  want("/hub", HUB, goal);
  for (const [at, { goal }] of leaves.entries()) want(`/leaf${at}`, LEAF, goal);
  return { modules: [module], view, cfg };
});

function mutationOf(url: string, values: readonly string[], { from, to, needs, disruption, duration }: Way): Mutation {
  return {
    context: "parent",
    changes: { [url]: [values[from] ?? "?", values[to] ?? "?"] },
    ...(needs === 0 ? {} : { requires: { "/hub": HUB[needs] ?? "a" } }),
    timeout: 1000,
    disruption,
    duration,
  };
}

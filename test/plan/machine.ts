import { compileDomain, createPlanner, declareModule, type Mutation, type Plan } from "../../src/plan/mod.ts";
import { core, defineExtension, enumeration, services, type Value } from "../../src/state/mod.ts";

const timeout = 10_000;
const sim = { "/platform": "sim" } as const;

/** Power by a controller, for nodes of the platform "sim". */
export const power = declareModule({
  name: "power",
  about: "Power",
  extensions: [core],
  discovers: ["/physState"],
  mutations: {
    "find-off": { context: "parent", changes: { "/physState": ["PHYS_UNKNOWN", "POWER_OFF"] }, requires: sim, timeout },
    "find-on": { context: "parent", changes: { "/physState": ["PHYS_UNKNOWN", "POWER_ON"] }, requires: sim, timeout },
    on: { context: "parent", changes: { "/physState": ["POWER_OFF", "POWER_ON"] }, requires: sim, timeout },
    off: {
      context: "parent",
      changes: { "/physState": ["POWER_ON", "POWER_OFF"] },
      requires: sim,
      excludes: { "/busy": "BUSY", "/drained": "NO" },
      timeout,
      disruption: 10,
      failTo: { "/physState": "PHYS_HANG" },
    },
    reset: { context: "parent", changes: { "/physState": ["PHYS_HANG", "POWER_OFF"] }, requires: sim, timeout },
  },
});

/** How a node that is on comes to SYNC. */
export const join = declareModule({
  name: "join",
  about: "Booting and joining",
  extensions: [core],
  discovers: ["/runState"],
  mutations: {
    boot: {
      context: "any",
      changes: { "/runState": ["UNKNOWN", "INIT"] },
      requires: { "/physState": "POWER_ON" },
      timeout,
    },
    level: {
      context: "any",
      changes: { "/runState": ["INIT", "SYNC"] },
      requires: { "/physState": "POWER_ON" },
      timeout,
    },
  },
});

const up = { "/runState": "SYNC", "/drained": "NO" } as const;

/** Services, and letting go of them. */
export const service = declareModule({
  name: "service",
  about: "Services",
  extensions: [core, services],
  discovers: ["/services/{name}/state", "/drained"],
  mutations: {
    "find-drained": {
      context: "self",
      changes: { "/drained": ["UNKNOWN", "NO"] },
      requires: { "/runState": "SYNC" },
      timeout,
    },
    drain: { context: "self", changes: { "/drained": ["NO", "YES"] }, requires: { "/runState": "SYNC" }, timeout },
    find: {
      context: "self",
      changes: { "/services/{name}/state": ["UNKNOWN", "STOP"] },
      requires: { "/runState": "SYNC" },
      timeout,
    },
    start: { context: "self", changes: { "/services/{name}/state": ["STOP", "RUN"] }, requires: up, timeout },
    restart: { context: "self", changes: { "/services/{name}/state": ["ERROR", "RUN"] }, requires: up, timeout },
    stop: { context: "self", changes: { "/services/{name}/state": ["RUN", "STOP"] }, requires: up, timeout },
  },
});

/** A whole machine. */
export const machine = compileDomain([power, join, service]);

/** Values as a node has them. */
export type Given = { readonly [url: string]: Value };

/** Plans over the machine, whose platform is "sim" unless `view` says otherwise. */
export function planFor(view: Given, cfg: Given, domain = machine): Plan {
  return createPlanner(domain).plan({
    view: new Map(Object.entries({ "/platform": "sim", ...view })),
    cfg: new Map(Object.entries(cfg)),
  });
}

/** The keys of a plan's steps, or why there is none. */
export function keysOf(plan: Plan): unknown {
  return plan.ok ? plan.steps.map((step) => step.key) : plan.reason;
}

/** A mutation of a {@link small} domain. */
export type Small = Partial<Mutation> & Pick<Mutation, "changes">;

/** A domain of enumerations with the values "?", "a", "b", "c" and "d", each known always unless `knownWhile` says. */
export function small(
  mutations: { readonly [id: string]: Small },
  knownWhile: { readonly [url: string]: { readonly [url: string]: string } } = {},
): ReturnType<typeof compileDomain> {
  const urls = Object.values(mutations).flatMap(({ changes, requires = {}, excludes = {} }) =>
    [changes, requires, excludes].flatMap(Object.keys)
  );
  const type = enumeration("?", "a", "b", "c", "d");
  const variables = Object.fromEntries(
    urls.map((url) => [url, { type, writer: "parent" as const, about: "", knownWhile: knownWhile[url] ?? {} }]),
  );
  return compileDomain([{
    name: "m",
    about: "Small",
    extensions: [defineExtension("small", variables)],
    discovers: [],
    mutations: Object.fromEntries(
      Object.entries(mutations).map(([id, mutation]) => [id, { context: "any" as const, timeout, ...mutation }]),
    ),
  }]);
}

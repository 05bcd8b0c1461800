import { complainBoot } from "../../src/boot/mod.ts";
import { complainPolicy, policy } from "../../src/engine/mod.ts";
import { compareNames } from "../../src/nodeset/mod.ts";
import type { Planner } from "../../src/plan/mod.ts";
import {
  assignmentIn,
  assignmentNumber,
  assignmentOf,
  assignmentValue,
  bindUrl,
  type Difference,
  diffValues,
  emptyDocument,
  type Entry,
  equalValues,
  type Facet,
  heldBy,
  isNodeName,
  isUuid,
  KEPT_URLS,
  MAX_ASSIGNMENT,
  MAX_HOLDERS,
  mergeFacets,
  newestVersion,
  type NodeDocument,
  nodeIdOf,
  readAssignment,
  type Schema,
  type Value,
  type Values,
  valuesOf,
  viewOf,
} from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Control, Done, NodeChange, Refusal } from "../control/control.ts";
import type { Domains } from "../nodes/domains.ts";
import { type CheckedNode, findShared } from "./boot_checks.ts";
import { createAssigning } from "./assigning.ts";
import type { Nodes } from "../nodes/nodes.ts";
import { MOVING } from "../links/owing.ts";
import { isDeleted } from "../tree/placement.ts";
import { complainRule, warnOfRule } from "./rule_checks.ts";
import type { Store } from "../store/mod.ts";

/** What only the aggregator's own node may have. */
const POLICY_URLS: ReadonlySet<string> = new Set(Object.keys(policy.variables));

/** The most aggregators that an error names. */
const MAX_NAMES = 16;

/** The cfg that a node is to have. */
interface Wanted {
  readonly id: string;
  readonly cfg: Values;
}

/** Writes desired state: checked, on disk before it is acknowledged, all of a request or none. */
export interface CfgWriter {
  readonly patch: Control["patchCfg"];
  readonly apply: Control["apply"];
  /** Turns nodes into tombstones. */
  remove(ids: readonly string[]): { readonly ok: true } | Refusal;
  /** An aggregator is reached elsewhere, or has another standby: its children have to know. */
  readdress(aggregator: string): void;
  /** Gives the children of an aggregator that is lost to its standby, of which both it and they know. */
  handOver(ids: readonly string[], standby: string): { readonly ok: true } | Refusal;
  /** An aggregator has no hold on a node any more. */
  release(id: string, aggregator: string): void;
  /** Writes what Kraken itself keeps in a node's cfg; null unsets. */
  keep(id: string, url: string, value: Value | null): void;
  /** Asks the aggregators that serve these nodes to try again what was given up. */
  askRetry(ids: readonly string[]): Done;
}

/** What cfg is written to and checked with. */
export interface CfgParts {
  readonly replica: Replica;
  readonly nodes: Nodes;
  readonly domains: Domains;
  readonly store: Store;
  readonly term: number;
  readonly cluster: string;
  readonly ownId: string;
  readonly ownName: string;
  /** Whether this is the root, which alone writes cfg. */
  readonly isRoot: boolean;
}

/** Says that nothing was done, as it could not be written. */
export function notWritten(error: unknown): Refusal {
  const problem = error instanceof Error ? error.message : String(error);
  return { ok: false, kind: "unavailable", problems: [`Nothing was changed, as the store failed: ${problem}`] };
}

/** See {@link CfgWriter}. */
export function createCfgWriter(parts: CfgParts): CfgWriter {
  const { replica, nodes, store } = parts;
  const assigning = createAssigning(parts);

  function cfgOf(id: string): Facet {
    return replica.get(id)?.facets.cfg ?? new Map();
  }

  /** Puts cfg on disk. @returns Why nothing was written, if so. */
  function commit(documents: readonly NodeDocument[], moving = false): Refusal | undefined {
    try {
      store.commit({
        documents: documents.map((document) => ({ document, facets: ["cfg"] })),
        ...(moving && { facts: new Map([[MOVING, true]]) }),
      });
      return undefined;
    } catch (error) {
      return notWritten(error);
    }
  }

  /** Everybody here has heard of a move. Where this is not written, the next run tells children more than they need. */
  function commitMoved(): void {
    try {
      store.commit({ facts: new Map([[MOVING, false]]) });
    } catch {
      // The store says so itself with the next write.
    }
  }

  function keep(id: string, url: string, value: Value | null): void {
    const document = replica.get(id);
    if (!parts.isRoot || document === undefined) return;
    const wanted = new Map(valuesOf(document.facets.cfg));
    if (value === null) wanted.delete(url);
    else wanted.set(url, value);
    const entries = entriesFor(document.facets.cfg, wanted, parts.term);
    if (entries.size === 0) return;
    const cfg = mergeFacets(document.facets.cfg, entries);
    if (commit([{ ...document, facets: { ...document.facets, cfg } }]) === undefined) replica.merge(id, "cfg", entries);
  }

  function write(
    asked: readonly Wanted[],
    dryRun: boolean,
    isHandedOver = false,
  ): { ok: true; changes: NodeChange[] } | Refusal {
    const roles = rolesOf(parts, asked);
    const problems = asked.flatMap((node) => findProblems(parts, node, roles));
    const ids = new Map(asked.map(({ id, cfg }) => [String(cfg.get("/name")), id]));
    const wanted = asked.map(({ id, cfg }) => ({ id, cfg: assigning.complete(id, cfg, ids, isHandedOver) }));
    problems.push(...wanted.flatMap(({ cfg }) => findWorn(cfg)), ...wanted.flatMap(({ cfg }) => findLost(cfg)));
    const circles = findCircles(parts, wanted);
    problems.push(...(circles.length > 0 ? circles : findCrossings(parts, wanted)));
    problems.push(...findNameClashes(parts, wanted));
    problems.push(...findShared(wanted, () => everyNode(parts)));
    if (problems.length > 0) return { ok: false, kind: "invalid", problems };

    const changes: NodeChange[] = [];
    const documents: NodeDocument[] = [];
    const written: { id: string; entries: Facet }[] = [];
    for (const { id, cfg } of wanted) {
      const before = replica.get(id) ?? emptyDocument(id);
      const entries = entriesFor(before.facets.cfg, cfg, parts.term);
      const after: NodeDocument = {
        ...before,
        facets: { ...before.facets, cfg: mergeFacets(before.facets.cfg, entries) },
      };
      const created = replica.get(id) === undefined || isDeleted(before.facets.cfg);
      const change = changeOf(parts, before, after, created);
      const warnings = cfg.get("/role") === "AGGREGATOR"
        ? warningsOf(change, () => served(parts, wanted, change.name))
        : [];
      changes.push(warnings.length === 0 ? change : { ...change, warnings });
      if (entries.size === 0) continue;
      documents.push(after);
      written.push({ id, entries });
    }
    if (dryRun || documents.length === 0) return { ok: true, changes };
    if (!parts.isRoot) return { ok: false, kind: "unavailable", problems: ["Only the root changes desired state"] };
    const moving = written.some(({ id, entries }) => entries.has("/parent") && replica.get(id) !== undefined);
    const refusal = commit(documents, moving);
    if (refusal !== undefined) return refusal;
    for (const { id, entries } of written) replica.merge(id, "cfg", entries);
    if (moving) commitMoved();
    return { ok: true, changes };
  }

  return {
    remove(ids) {
      const documents: NodeDocument[] = [];
      for (const id of new Set(ids)) {
        const document = replica.get(id);
        const node = nodes.read(id);
        if (document === undefined || node === undefined) {
          return { ok: false, kind: "unknown-node", problems: [`No node '${id}'`] };
        }
        const problem = findHindrance(parts, id, node.name, ids);
        if (problem !== undefined) return { ok: false, kind: "invalid", problems: [problem] };
        const kept = new Map<string, Value>([["/name", node.name], ["/deleted", true]]);
        // Its aggregator is deposed, and whoever is made under this name again is served under an assignment of its own.
        const last = readAssignment(node.cfg.get("/assignment"));
        const held = heldBy(document.facets.cfg);
        if (last !== undefined) kept.set("/assignment", assignmentValue({ ...last, number: last.number + 1 }, held));
        const entries = entriesFor(document.facets.cfg, kept, parts.term);
        const cfg = mergeFacets(document.facets.cfg, entries);
        documents.push({ ...document, facets: { ...document.facets, cfg } });
      }
      if (!parts.isRoot) return { ok: false, kind: "unavailable", problems: ["Only the root deletes nodes"] };
      const refusal = commit(documents);
      if (refusal !== undefined) return refusal;
      for (const { id, facets } of documents) replica.merge(id, "cfg", facets.cfg);
      return { ok: true };
    },
    patch(patches, options) {
      const wanted: Wanted[] = [];
      for (const { id, values } of patches) {
        const node = nodes.read(id);
        if (node === undefined) return { ok: false, kind: "unknown-node", problems: [`No node '${id}'`] };
        if (options.ifMatch !== undefined && options.ifMatch.join(".") !== node.version.join(".")) {
          return {
            ok: false,
            kind: "conflict",
            problems: [
              `The cfg of '${node.name}' is at version ${node.version.join(".")}: expected ${
                options.ifMatch.join(".")
              }`,
            ],
          };
        }
        const cfg = new Map(node.cfg);
        for (const [url, value] of values) {
          if (value === null) cfg.delete(url);
          else cfg.set(url, value);
        }
        wanted.push({ id, cfg });
      }
      return write(wanted, options.dryRun === true);
    },
    handOver(ids, standby) {
      const wanted = ids.flatMap((id): Wanted[] => {
        const node = nodes.read(id);
        return node === undefined ? [] : [{ id, cfg: new Map(node.cfg).set("/parent", standby) }];
      });
      return write(wanted, false, true);
    },
    release(id, aggregator) {
      const facet = cfgOf(id);
      const last = assignmentIn(facet);
      const held = heldBy(facet).filter((each) => each !== aggregator);
      if (last !== undefined) keep(id, "/assignment", assignmentValue(last, held));
    },
    keep,
    readdress(aggregator) {
      const outdated = [...nodes.placement.servedBy(aggregator)].flatMap((id): Wanted[] => {
        const node = nodes.read(id);
        return node === undefined || assigning.isCurrent(id, node.cfg) ? [] : [{ id, cfg: node.cfg }];
      });
      if (outdated.length > 0) write(outdated, false);
    },
    askRetry(ids) {
      const wanted = ids.flatMap((id): Wanted[] => {
        const node = nodes.read(id);
        if (node === undefined) return [];
        const before = node.cfg.get("/retries");
        return [{ id, cfg: new Map(node.cfg).set("/retries", (typeof before === "number" ? before : 0) + 1) }];
      });
      const result = write(wanted, false);
      return result.ok ? { ok: true } : result;
    },
    apply(inventory, options) {
      const wanted = inventory.map(({ name, id, cfg }): Wanted => {
        const known = id ?? nodes.idOf(name) ?? nodeIdOf(parts.cluster, name);
        const whole = new Map(cfg).set("/name", name);
        // What an operator froze by hand is not thawed by the next apply of a file that does not speak of it.
        // Nor does a machine that was adopted become a stranger by it.
        for (const url of ["/freeze", "/ipv4/mac", "/ipv4/address"]) {
          const value = cfgOf(known).get(url)?.value ?? null;
          if (value !== null && !whole.has(url)) whole.set(url, value);
        }
        return { id: known, cfg: whole };
      });
      return write(wanted, options.dryRun === true);
    },
  };
}

/** The entries that turn a cfg facet into what is wanted: none where it is so already. */
function entriesFor(facet: Facet, wanted: Values, term: number): Facet {
  const newest = newestVersion(facet);
  const rev = newest[0] === term ? newest[1] + 1 : 1;
  const entries = new Map<string, Entry>();
  for (const { url, to } of diffValues(valuesOf(facet), wanted)) {
    entries.set(url, { value: to ?? null, version: [term, rev] });
  }
  return entries;
}

function changeOf(parts: CfgParts, before: NodeDocument, after: NodeDocument, created: boolean): NodeChange {
  const planner: Planner = parts.domains.plannerOf(after.id);
  const cfg = valuesOf(after.facets.cfg);
  const differences = diffValues(valuesOf(before.facets.cfg), cfg).filter(({ url }) => !KEPT_URLS.has(url));
  const view = viewOf(planner.domain.schema, planner.domain.conditions, after);
  outdate(planner.domain.schema, view, differences);
  const name = cfg.get("/name");
  return {
    id: after.id,
    name: typeof name === "string" ? name : after.id,
    created,
    differences,
    plan: planner.plan({ view, cfg: cfg.get("/role") === "AGGREGATOR" ? new Map() : cfg }),
    version: newestVersion(after.facets.cfg),
  };
}

/** Makes of a view what it will be once the node's agent has seen a change of its cfg: see `Variable.outdates`. */
function outdate(schema: Schema, view: Map<string, Value>, differences: readonly Difference[]): void {
  for (const { url } of differences) {
    const found = schema.find(url);
    for (const [pattern, [from, to]] of Object.entries(found?.variable.outdates ?? {})) {
      const outdated = bindUrl(pattern, found?.bindings ?? {});
      if (view.get(outdated) === from) view.set(outdated, to);
    }
  }
}

/** The names of the nodes that an aggregator serves once these are written. Asked for seldom, so worked out each time. */
function served({ nodes }: CfgParts, wanted: readonly Wanted[], aggregator: string): readonly string[] {
  const known = new Map([...nodes.placement.servedBy(aggregator)].map((id) => [id, nodes.read(id)?.name] as const));
  for (const { id, cfg } of wanted) {
    if (cfg.get("/parent") === aggregator) known.set(id, String(cfg.get("/name")));
    else known.delete(id);
  }
  return [...known.values()].filter((name) => name !== undefined);
}

/** What is to be said of rules that are set. */
function warningsOf({ differences }: NodeChange, names: () => readonly string[]): string[] {
  const rules = differences.filter(({ url }) => /^\/(limits|invariants)\//.test(url));
  if (rules.length === 0) return [];
  const known = names();
  return rules.flatMap(({ url, to }) => (to === undefined ? undefined : warnOfRule(url, to, known)) ?? []);
}

/** Aggregators by name, as many as people want to read. */
function names({ nodes, ownName }: CfgParts): string {
  const all = [...nodes.placement.aggregators()].map((id) => nodes.read(id)?.name).filter((name) => name !== undefined);
  const sorted = [...new Set([ownName, ...all.sort(compareNames)])];
  return sorted.length > MAX_NAMES ? `${sorted.slice(0, MAX_NAMES).join(", ")} ...` : sorted.join(", ");
}

/** Which of the names that a write is about, or that it may refer to, are aggregators. */
function rolesOf({ nodes, ownName }: CfgParts, wanted: readonly Wanted[]): (name: string) => boolean {
  const written = new Map(wanted.map(({ cfg }) => [String(cfg.get("/name")), isAggregator(ownName, cfg)]));
  return (name) => name === ownName || (written.get(name) ?? nodes.placement.aggregator(name) !== undefined);
}

function isAggregator(ownName: string, cfg: Values): boolean {
  return cfg.get("/role") === "AGGREGATOR" || cfg.get("/name") === ownName;
}

/** What stands in the way of deleting a node. */
function findHindrance(parts: CfgParts, id: string, name: string, ids: readonly string[]): string | undefined {
  if (id === parts.ownId) return `Cannot delete '${name}' as it is this aggregator's own node`;
  const left = [...parts.nodes.placement.servedBy(name)].filter((child) => !ids.includes(child));
  if (!parts.nodes.placement.isAggregator(id) || left.length === 0) return undefined;
  return `Cannot delete '${name}' as it serves ${left.length} nodes: set their /parent to another aggregator first`;
}

/** Terms count assignments, and can't count on for ever. */
function findWorn(cfg: Values): string[] {
  if ((readAssignment(cfg.get("/assignment"))?.number ?? 0) <= MAX_ASSIGNMENT) return [];
  return [
    `${cfg.get("/name")}: /parent was set ${MAX_ASSIGNMENT} times already: expected no more. Give the node a new name`,
  ];
}

/** A node that goes from hand to hand while nobody lets it go can't be followed for ever. */
function findLost(cfg: Values): string[] {
  const held = heldBy(new Map([["/assignment", { value: cfg.get("/assignment") ?? null, version: [0, 0] }]]));
  if (held.length <= MAX_HOLDERS) return [];
  return [
    `${cfg.get("/name")}: /parent was set again and again, and ${held.length} aggregators may still have the node: ` +
    `expected at most ${MAX_HOLDERS}. Wait until some of them have heard of it`,
  ];
}

function* everyNode({ replica }: CfgParts): Generator<CheckedNode> {
  for (const id of replica.ids()) {
    const facet = replica.get(id)?.facets.cfg;
    if (facet !== undefined && !isDeleted(facet)) {
      yield {
        id,
        cfg: { get: (url) => facet.get(url)?.value ?? undefined },
      };
    }
  }
}

/** An aggregator must not be below itself. */
function findCircles({ nodes, ownName }: CfgParts, wanted: readonly Wanted[]): string[] {
  const parents = new Map(wanted.map(({ cfg }) => [String(cfg.get("/name")), cfg.get("/parent")]));
  function parentOf(name: string): Value | undefined {
    if (parents.has(name)) return parents.get(name);
    const id = nodes.placement.aggregator(name);
    return id === undefined ? undefined : nodes.read(id)?.cfg.get("/parent");
  }
  return wanted.filter(({ cfg }) => cfg.get("/role") === "AGGREGATOR").flatMap(({ cfg }): string[] => {
    const name = String(cfg.get("/name"));
    const seen = new Set<unknown>();
    for (let at = cfg.get("/parent"); typeof at === "string" && !seen.has(at); at = parentOf(at)) {
      seen.add(at);
      if (at === name) {
        return [`${name}: /parent is "${cfg.get("/parent")}": expected an aggregator that is not below it`];
      }
    }
    if (name === ownName && cfg.get("/parent") !== undefined) {
      return [`${name}: /parent is "${cfg.get("/parent")}": the root has none`];
    }
    return [];
  });
}

/**
 * An aggregator must not be moved below one that may still be below it: that one hears of its own move from the first one,
 * which would wait for it to be taken in.
 */
function findCrossings({ replica, nodes }: CfgParts, wanted: readonly Wanted[]): string[] {
  const parents = new Map(wanted.map(({ cfg }) => [String(cfg.get("/name")), cfg]));
  /** The aggregators that one of this name is below, and those that may still have it. */
  function above(name: string): string[] {
    const id = nodes.placement.aggregator(name);
    const { cfg, self } = (id === undefined ? undefined : replica.get(id))?.facets ?? {};
    const after = parents.get(name);
    const parent = after?.get("/parent") ?? cfg?.get("/parent")?.value;
    const planned = new Map([["/assignment", { value: after?.get("/assignment") ?? null, version: [0, 0] as const }]]);
    const present = after === undefined ? cfg : planned;
    const isHeard = assignmentOf(newestVersion(self ?? new Map())[0]) >= assignmentNumber(present);
    const held = isHeard ? [] : heldBy(present).flatMap((holder) => nodes.read(holder)?.name ?? []);
    return typeof parent === "string" ? [parent, ...held] : held;
  }
  return wanted.flatMap(({ id, cfg }): string[] => {
    const name = String(cfg.get("/name"));
    const to = cfg.get("/parent");
    const isMoved = cfg.get("/role") === "AGGREGATOR" && to !== replica.get(id)?.facets.cfg.get("/parent")?.value;
    if (!isMoved || typeof to !== "string") return [];
    const seen = new Set<string>();
    const open = [to];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at === name) {
        return [
          `${name}: /parent is "${to}", which was moved away from ${name} and has not been heard since: try again later`,
        ];
      }
      if (seen.has(at)) continue;
      seen.add(at);
      open.push(...above(at));
    }
    return [];
  });
}

function findProblems(parts: CfgParts, { id, cfg }: Wanted, isRole: (name: string) => boolean): string[] {
  const name = cfg.get("/name");
  const who = typeof name === "string" ? name : id;
  const problems: string[] = [];
  if (!isUuid(id)) problems.push(`${who}: id is "${id}": expected a UUID in lower case`);
  if (typeof name !== "string" || !isNodeName(name)) {
    problems.push(`${who}: /name is ${JSON.stringify(name)}: expected 1 to 64 letters, digits, '_', '.' or '-'`);
    return problems;
  }
  const parent = cfg.get("/parent");
  for (const [url, value] of [["/parent", parent], ["/standby", cfg.get("/standby")]] as const) {
    if (value === undefined || isRole(String(value))) continue;
    problems.push(
      `${who}: ${url} is ${JSON.stringify(value)}: expected one of ${names(parts)}`,
    );
  }
  if (cfg.get("/role") !== "AGGREGATOR" && id !== parts.ownId && [...parts.nodes.placement.servedBy(name)].length > 0) {
    problems.push(`${who}: /role is ${JSON.stringify(cfg.get("/role"))}: expected AGGREGATOR, as it serves nodes`);
  }
  for (const [url, value] of cfg) {
    if (url === "/name") continue;
    const problem = findProblem(parts, id, cfg, url, value);
    if (problem !== undefined) problems.push(`${who}: ${problem}`);
  }
  return problems;
}

/** What is wrong with one value of a node's cfg. */
function findProblem(parts: CfgParts, id: string, cfg: Values, url: string, value: Value): string | undefined {
  const { schema } = parts.domains;
  const serves = isAggregator(parts.ownName, cfg);
  const complaint = schema.complain(url, value) ?? complainPolicy(url, value);
  if (complaint !== undefined) return complaint;
  if (url === "/deleted") return `${url} can't be set: delete the node instead`;
  const found = schema.find(url);
  if (!serves && POLICY_URLS.has(found?.pattern ?? "")) {
    return `${url} can't be set here: it belongs to the aggregator's own node`;
  }
  if (KEPT_URLS.has(url)) {
    const isKept = equalValues(parts.replica.get(id)?.facets.cfg.get(url)?.value ?? undefined, value);
    return isKept || url === "/retries" ? undefined : `${url} can't be set: Kraken keeps it`;
  }
  const isNew = !equalValues(parts.replica.get(id)?.facets.cfg.get(url)?.value ?? undefined, value);
  const misfit = isNew ? complainBoot(url, value) : undefined;
  if (misfit !== undefined) return misfit;
  // A rule that was set before an agent's modules changed holds up no other.
  const odd = isNew && serves ? complainRule(parts.domains, url, value) : undefined;
  if (odd !== undefined) return odd;
  if (found?.variable.writer === "cfg") return undefined;
  if (!parts.domains.isMutable(url)) return `${url} can't be set: it is only discovered, and no mutation changes it`;
  return serves ? `${url} can't be set here: nobody plans for an aggregator's own node` : undefined;
}

function findNameClashes(parts: CfgParts, wanted: readonly Wanted[]): string[] {
  const problems: string[] = [];
  const taken = new Map<string, string>();
  for (const { id, cfg } of wanted) {
    const name = cfg.get("/name");
    if (typeof name !== "string") continue; // complained of already
    const other = taken.get(name) ?? parts.nodes.idOf(name);
    if (other !== undefined && other !== id) problems.push(`${name}: /name is taken by node ${other}`);
    taken.set(name, id);
    const before = parts.nodes.read(id)?.cfg.get("/name");
    if (before !== undefined && before !== name) {
      problems.push(`${String(before)}: /name is "${name}": a node's name can't be changed`);
    }
  }
  return problems;
}

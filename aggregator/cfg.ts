import { complainPolicy, policy } from "../src/engine/mod.ts";
import type { Planner } from "../src/plan/mod.ts";
import {
  bindUrl,
  type Difference,
  diffValues,
  emptyDocument,
  type Entry,
  equalValues,
  type Facet,
  isNodeName,
  isUuid,
  mergeFacets,
  newestVersion,
  type NodeDocument,
  nodeIdOf,
  type Schema,
  type Value,
  type Values,
  valuesOf,
  viewOf,
} from "../src/state/mod.ts";
import type { Replica } from "../src/sync/mod.ts";
import type { Control, NodeChange, Refusal } from "./control.ts";
import type { Domains } from "./domains.ts";
import { isDeleted, type Nodes } from "./nodes.ts";
import { complainRule, warnOfRule } from "./rule_checks.ts";
import type { Store } from "./store/mod.ts";

/** What only the aggregator's own node may have. */
const POLICY_URLS: ReadonlySet<string> = new Set(Object.keys(policy.variables));

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
}

/** What cfg is written to and checked with. */
export interface CfgParts {
  readonly replica: Replica;
  readonly nodes: Nodes;
  readonly domains: Domains;
  readonly store: Store;
  readonly term: number;
  readonly cluster: string;
  /** The aggregators of the tree, by name: what `/parent` may say. */
  readonly aggregators: readonly string[];
  readonly ownId: string;
}

/** See {@link CfgWriter}. */
export function createCfgWriter(parts: CfgParts): CfgWriter {
  const { replica, nodes, store } = parts;

  function cfgOf(id: string): Facet {
    return replica.get(id)?.facets.cfg ?? new Map();
  }

  /** Puts cfg on disk. @returns Why nothing was written, if so. */
  function commit(documents: readonly NodeDocument[]): Refusal | undefined {
    try {
      store.commit({ documents: documents.map((document) => ({ document, facets: ["cfg"] })) });
      return undefined;
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      return { ok: false, kind: "unavailable", problems: [`Nothing was changed, as the store failed: ${problem}`] };
    }
  }

  function write(wanted: readonly Wanted[], dryRun: boolean): { ok: true; changes: NodeChange[] } | Refusal {
    const problems = wanted.flatMap((node) => findProblems(parts, node));
    problems.push(...findNameClashes(parts, wanted));
    if (problems.length > 0) return { ok: false, kind: "invalid", problems };

    const names = served(parts, wanted);
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
      const warnings = id === parts.ownId ? warningsOf(change, names()) : [];
      changes.push(warnings.length === 0 ? change : { ...change, warnings });
      if (entries.size === 0) continue;
      documents.push(after);
      written.push({ id, entries });
    }
    if (dryRun || documents.length === 0) return { ok: true, changes };
    const refusal = commit(documents);
    if (refusal !== undefined) return refusal;
    for (const { id, entries } of written) replica.merge(id, "cfg", entries);
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
        if (id === parts.ownId) {
          const problem = `Cannot delete '${node.name}' as it is this aggregator's own node`;
          return { ok: false, kind: "invalid", problems: [problem] };
        }
        const kept: Values = new Map<string, Value>([["/name", node.name], ["/deleted", true]]);
        const entries = entriesFor(document.facets.cfg, kept, parts.term);
        const cfg = mergeFacets(document.facets.cfg, entries);
        documents.push({ ...document, facets: { ...document.facets, cfg } });
      }
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
    apply(inventory, options) {
      const wanted = inventory.map(({ name, id, cfg }): Wanted => {
        const known = id ?? nodes.idOf(name) ?? nodeIdOf(parts.cluster, name);
        const whole = new Map(cfg).set("/name", name);
        // What an operator froze by hand is not thawed by the next apply of a file that does not speak of it.
        const freeze = cfgOf(known).get("/freeze")?.value ?? null;
        if (freeze !== null && !whole.has("/freeze")) whole.set("/freeze", freeze);
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
  const differences = diffValues(valuesOf(before.facets.cfg), cfg);
  const view = viewOf(planner.domain.schema, planner.domain.conditions, after);
  outdate(planner.domain.schema, view, differences);
  const name = cfg.get("/name");
  return {
    id: after.id,
    name: typeof name === "string" ? name : after.id,
    created,
    differences,
    plan: planner.plan({ view, cfg: after.id === parts.ownId ? new Map() : cfg }),
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

/** The names of the nodes that the aggregator serves once these are written, worked out when they are first asked for. */
function served({ nodes, ownId }: CfgParts, wanted: readonly Wanted[]): () => readonly string[] {
  let names: string[] | undefined;
  return () => {
    if (names !== undefined) return names;
    const own = nodes.read(ownId)?.name;
    const known = new Map([...nodes.children()].map((id) => [id, nodes.read(id)?.name] as const));
    for (const { id, cfg } of wanted) {
      if (cfg.get("/parent") === own) known.set(id, String(cfg.get("/name")));
      else known.delete(id);
    }
    return names = [...known.values()].filter((name) => name !== undefined);
  };
}

/** What is to be said of rules that are set. */
function warningsOf({ differences }: NodeChange, names: readonly string[]): string[] {
  return differences.flatMap(({ url, to }) => (to === undefined ? undefined : warnOfRule(url, to, names)) ?? []);
}

function findProblems(parts: CfgParts, { id, cfg }: Wanted): string[] {
  const name = cfg.get("/name");
  const who = typeof name === "string" ? name : id;
  const problems: string[] = [];
  if (!isUuid(id)) problems.push(`${who}: id is "${id}": expected a UUID in lower case`);
  if (typeof name !== "string" || !isNodeName(name)) {
    problems.push(`${who}: /name is ${JSON.stringify(name)}: expected 1 to 64 letters, digits, '_', '.' or '-'`);
    return problems;
  }
  const parent = cfg.get("/parent");
  if (parent !== undefined && !parts.aggregators.includes(String(parent))) {
    problems.push(`${who}: /parent is ${JSON.stringify(parent)}: expected one of ${parts.aggregators.join(", ")}`);
  }
  for (const [url, value] of cfg) {
    if (url === "/name") continue;
    const problem = findProblem(parts, id, url, value);
    if (problem !== undefined) problems.push(`${who}: ${problem}`);
  }
  return problems;
}

/** What is wrong with one value of a node's cfg. */
function findProblem(parts: CfgParts, id: string, url: string, value: Value): string | undefined {
  const { schema } = parts.domains;
  const complaint = schema.complain(url, value) ?? complainPolicy(url, value);
  if (complaint !== undefined) return complaint;
  if (url === "/deleted") return `${url} can't be set: delete the node instead`;
  const found = schema.find(url);
  if (id !== parts.ownId && POLICY_URLS.has(found?.pattern ?? "")) {
    return `${url} can't be set here: it belongs to the aggregator's own node`;
  }
  // A rule that was set before an agent's modules changed holds up no other.
  const isNew = !equalValues(parts.replica.get(id)?.facets.cfg.get(url)?.value ?? undefined, value);
  const odd = isNew && id === parts.ownId ? complainRule(parts.domains, url, value) : undefined;
  if (odd !== undefined) return odd;
  if (found?.variable.writer === "cfg") return undefined;
  if (!parts.domains.isMutable(url)) return `${url} can't be set: it is only discovered, and no mutation changes it`;
  return id === parts.ownId ? `${url} can't be set here: nobody plans for the aggregator's own node` : undefined;
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

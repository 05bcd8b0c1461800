import type { Clock, Random } from "../../src/clock.ts";
import type { Engine } from "../../src/engine/mod.ts";
import { compareNames } from "../../src/nodeset/mod.ts";
import { exploreGraph, type ModuleDeclaration } from "../../src/plan/mod.ts";
import { parseUuid, type Value } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { AgentHolds } from "../engine/agent_holds.ts";
import type { CfgResult, CfgWriter } from "../cfg/writer.ts";
import type { NodeChange } from "../cfg/change.ts";
import type { Control } from "./control.ts";
import { detailOf, type NodeSummary, statusOf, summaryOf } from "./detail.ts";
import { impactOf } from "./impact.ts";
import { listModules } from "./modules.ts";
import { createServiceOutputs } from "./service_output.ts";
import { idleReason } from "../nodes/idle_reason.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Discovered } from "../nodes/discovered.ts";
import type { Domains } from "../nodes/domains.ts";
import type { Events } from "../store/events.ts";
import { aboutOf, explainChange, explainNode } from "./node_explanation.ts";
import type { Freezer } from "../engine/freezer.ts";
import { createGroupRegistry } from "../groups/registry.ts";
import type { Nodes, ReadNode } from "../nodes/nodes.ts";
import type { ProfileRegistry } from "../cfg/profile_registry.ts";
import type { Permission } from "../ownership/mod.ts";
import type { Staging } from "../staging/staging.ts";
import type { Stored, WatchedStore } from "../store/mod.ts";
import type { Troubles } from "../status/troubles.ts";
import type { Warnings } from "../status/warnings.ts";
import { servingAggregator, treeEntriesOf } from "../status/tree.ts";
import type { Done } from "../../src/toolkit/mod.ts";

/** How long a count of late and waiting nodes is reused, in milliseconds: counting reads all of them. */
const RECOUNT = 1000;

/** What the control service depends on. */
export interface ControlParts {
  readonly cluster: string;
  readonly name: string;
  readonly run: string;
  readonly ownId: string;
  readonly replica: Replica;
  readonly nodes: Nodes;
  readonly domains: Domains;
  readonly events: Events;
  readonly engine: Engine;
  readonly cfg: CfgWriter;
  readonly profiles: ProfileRegistry;
  readonly staging: Staging;
  readonly facts: Stored["facts"];
  readonly declarations: readonly ModuleDeclaration[];
  readonly agentModules: readonly ModuleDeclaration[];
  readonly discovered: Discovered;
  readonly freezer: Freezer;
  /** Returns whether the engine may act on a node and, if not, why. */
  permissionOf(id: string): Permission;
  readonly changes: Changes;
  readonly random: Random;
  readonly agentHolds: AgentHolds;
  readonly clock: Clock;
  /** Writes what waits to be written. @returns Whether it is on disk. */
  readonly flush: () => boolean;
  readonly store: WatchedStore;
  readonly troubles: Pick<Troubles, "list">;
  readonly warnings: Pick<Warnings, "list">;
  readonly isRoot: boolean;
  /** Retries what was given up on a node that is served here. */
  readonly retry: (id: string) => void;
}

/**
 * Creates the control service: all operations for people and their programs.
 *
 * @param parts What it depends on.
 */
export function createControl(parts: ControlParts): Control {
  const { nodes, domains, events, engine, replica, ownId } = parts;
  const { turn } = parts.changes;

  function all(): ReadNode[] {
    return [...replica.ids()].map((id) => nodes.read(id)).filter((node) => node !== undefined);
  }

  /** Writes what was done. If that fails, it stays done while this program runs, but is not promised. */
  function written(): Done {
    if (parts.flush() && parts.store.problem === undefined) return { ok: true };
    const problem = parts.store.problem ?? "the store failed";
    const what =
      "It takes effect, but is not on disk yet and is lost if this aggregator ends now: send the request again later";
    return { ok: false, kind: "unavailable", problems: [`${what}. ${problem}`] };
  }

  /** Acknowledged changes are in the log, and the log is on disk. */
  function tell(changes: readonly NodeChange[]): void {
    tellCfg(events, changes);
    parts.flush();
  }

  /** Adds written changes to the log. */
  function told<R extends CfgResult>(
    result: R,
    options: { readonly dryRun?: boolean } = {},
  ): R {
    if (result.ok && options.dryRun !== true) tell(result.changes);
    return result;
  }

  function retry(ids: readonly string[]): Done {
    for (const id of ids) if (nodes.isChild(id)) parts.retry(id);
    const others = ids.filter((id) => !nodes.isChild(id));
    const asked: Done = others.length > 0 ? parts.cfg.askRetry(others) : { ok: true };
    return asked.ok ? written() : asked;
  }
  function remove(ids: readonly string[]): Done {
    const names = ids.map((id) => nodes.read(id)?.name ?? id);
    const result = parts.cfg.remove(ids);
    if (!result.ok) return result;
    for (const [place, id] of ids.entries()) {
      // Discovered values must not count for a new node with its name.
      const seen = [...(replica.get(id)?.facets.parent.keys() ?? [])];
      parts.discovered.parent(id, new Map(seen.map((url) => [url, null])));
      events.add({ node: names[place] ?? id, kind: "deleted", why: "somebody asked" });
    }
    parts.flush();
    return result;
  }

  const groups = createGroupRegistry({
    ...{ store: parts.store, facts: parts.facts, isRoot: parts.isRoot },
    schema: () => domains.schema,
    *nodes() {
      for (const node of all()) {
        yield {
          name: node.name,
          get phase() {
            return statusOf(parts, node).phase;
          },
          get: (url: string) => node.view.get(url) ?? node.cfg.get(url),
        };
      }
    },
  });

  let listed: { revision: string; summaries: readonly NodeSummary[] } | undefined;
  let counted: { at: number; text: string } | undefined;
  /** Counts late and waiting nodes: the count changes by time alone, so it is part of the revision. */
  function countedNow(): string {
    const at = parts.clock.now();
    if (counted === undefined || at - counted.at >= RECOUNT) {
      const { late, waiting } = engine.counts();
      counted = { at, text: `${late}.${waiting}` };
    }
    return counted.text;
  }
  const revision = (): string => `${parts.run}.${replica.index}.${events.last}.${countedNow()}`;

  return {
    cluster: parts.cluster,
    name: parts.name,
    get schema() {
      return domains.schema;
    },
    elsewhere(id) {
      if (id !== undefined) {
        const node = nodes.read(id);
        if (node === undefined || nodes.isChild(id) || node.id === ownId) return undefined;
        return servingAggregator(parts, node);
      }
      if (parts.isRoot) return undefined;
      const api = nodes.read(ownId)?.view.get("/rootApi");
      return { what: "the root", ...(typeof api === "string" && { api }) };
    },
    tree: () => treeEntriesOf(parts),
    revision,
    list() {
      const now = revision();
      if (listed?.revision !== now) {
        const summaries = all().map((node) => summaryOf(parts, node));
        summaries.sort((a, b) => compareNames(a.name, b.name));
        listed = { revision: now, summaries };
      }
      return listed.summaries;
    },
    *cfgValues(url) {
      for (const { id } of all()) {
        const value = replica.get(id)?.facets.cfg.get(url)?.value ?? undefined;
        if (value !== undefined) yield value;
      }
    },
    find(idOrName) {
      const node = nodes.read(idOrName) ?? nodes.read(nodes.idOf(idOrName) ?? parseUuid(idOrName) ?? "");
      return node === undefined ? undefined : detailOf(parts, node);
    },
    takenFor: parts.cfg.takenFor,
    patchCfg: (patches, options) => turn(() => told(parts.cfg.patch(patches, options), options)),
    apply: (inventory, options) => turn(() => told(parts.cfg.apply(inventory, options), options)),
    cfgTag: parts.cfg.tagOf,
    report(id, values) {
      const node = nodes.read(id);
      if (node === undefined) return { ok: false, kind: "unknown", problems: [`No node '${id}'`] };
      const problems = [...values].map(([url, value]) => validateReported(parts, url, value)).filter((p) =>
        p !== undefined
      );
      if (problems.length > 0) return { ok: false, kind: "invalid", problems };
      return turn(() => {
        parts.discovered.parent(id, values, "reported over the API");
        return written(); // the client takes the answer for a promise
      });
    },
    idleReason(id) {
      const node = nodes.read(id);
      const parent = node?.cfg.get("/parent");
      if (node === undefined || nodes.placement.isAggregator(id)) return undefined;
      const isServed = typeof parent === "string" &&
        (nodes.isChild(id) || nodes.placement.aggregator(parent) !== undefined);
      return idleReason(node.planner.domain, node.cfg, isServed);
    },
    profiles: {
      ...parts.profiles,
      set: (name, body, options) => turn(() => told(parts.profiles.set(name, body, options), options)),
      remove: (name, options) => turn(() => told(parts.profiles.remove(name, options), options)),
    },
    groups,
    staging: {
      ...parts.staging,
      stage: (patches, until) => turn(() => parts.staging.stage(patches, until)),
      unstage: (ids) => turn(() => parts.staging.unstage(ids)),
    },
    isMutable: (url) => domains.isMutable(url),
    modules: () => listModules(parts),
    outputs: createServiceOutputs(parts),
    searched: () => domains.idle(),
    freeze: (ids) => turn(() => parts.freezer.freeze(ids)),
    thaw: (ids) => turn(() => parts.freezer.thaw(ids)),
    retry: (ids) => turn(() => retry(ids)),
    remove: (ids) => turn(() => remove(ids)),
    explain(id) {
      const node = nodes.read(id);
      return node === undefined ? undefined : explainNode(parts, node, statusOf(parts, node));
    },
    explainChange: (change) => explainChange(parts, change),
    about: (id, step) => aboutOf(domains.plannerOf(id).domain, step),
    impact: (change) => impactOf(parts, change),
    graph(id, maxStates) {
      const node = nodes.read(id);
      if (node === undefined) return undefined;
      const cfg = nodes.placement.isAggregator(id) ? new Map<string, Value>() : node.cfg;
      return exploreGraph(node.planner, { view: node.view, cfg }, { maxStates });
    },
    limits: () => engine.limits(),
    invariants: () => engine.invariants(),
    holds: () => engine.holds(),
    release: () =>
      turn(() => {
        engine.release();
        return written();
      }),
    troubles: () => parts.troubles.list(),
    warnings: () => parts.warnings.list(),
    engine() {
      const ids = [...replica.ids()].filter((id) => !nodes.placement.isAggregator(id));
      const known = ids.map((id) => nodes.read(id)).filter((node) => node !== undefined);
      return {
        frozen: parts.freezer.all,
        counts: engine.counts(),
        nodes: known.length,
        converged: known.filter((node) => statusOf(parts, node).phase === "converged").length,
      };
    },
    events: (after, limit, nodes) => events.after(after, limit, nodes),
    droppedEvents: () => events.dropped.upTo,
    unanswered(what) {
      const why =
        `${what} was done, but its client had given up waiting: check what it changed before you send it again`;
      events.add({ node: parts.name, kind: "unanswered", why });
    },
    onEvent: (listener) => events.listen(listener),
  };
}

function validateReported(parts: ControlParts, url: string, value: Value | null): string | undefined {
  const found = parts.domains.schema.find(url);
  if (found?.variable.reported !== true) return `${url} is not reported over the API: modules discover it`;
  return value === null ? undefined : parts.domains.schema.validate(url, value);
}

function tellCfg(events: Events, changes: readonly NodeChange[]): void {
  for (const change of changes) {
    if (change.differences.length === 0) continue;
    const text = change.differences.map(({ url, to }) => `${url}=${to === undefined ? "(unset)" : JSON.stringify(to)}`);
    events.add({ node: change.name, kind: change.created ? "created" : "cfg", why: text.join(" ").slice(0, 500) });
  }
}

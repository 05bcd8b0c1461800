import { nodeIdOf } from "../../src/state/mod.ts";
import { createReplica } from "../../src/sync/mod.ts";
import { createBrokerWatch } from "../broker/watch.ts";
import { createCfgWriter } from "../cfg/writer.ts";
import { clockOfTurns, createChanges } from "../dispatch/changes.ts";
import { followCommits } from "../dispatch/commits.ts";
import { createEvidence } from "../evidence/evidence.ts";
import { createSuspicions } from "../evidence/suspicions.ts";
import { createChildTerms } from "../links/child_terms.ts";
import { createOwnTerm } from "../links/own_term.ts";
import { createRunBudget } from "../links/run_budget.ts";
import { createDiscovered } from "../nodes/discovered.ts";
import { createDomains } from "../nodes/domains.ts";
import { createProfileRegistry, readProfiles } from "../cfg/profile_registry.ts";
import { createNodes } from "../nodes/nodes.ts";
import { createEvents } from "../store/events.ts";
import { watchStore } from "../store/mod.ts";
import { claimStore, makeOwnNode } from "../store/own_node.ts";
import { takeWriterTerm } from "../store/writer_term.ts";
import { createStaging } from "../staging/staging.ts";
import { createPlacement } from "../tree/placement.ts";
import { createTelemetry } from "../telemetry/telemetry.ts";
import type { AggregatorParts } from "../types.ts";

/** What an aggregator knows, and the only ways to write it: made from what its store holds. */
export type State = ReturnType<typeof createState>;

/**
 * Makes the state of an aggregator.
 *
 * @throws {Error} When the store belongs to another cluster or another aggregator, or can't be written.
 */
export function createState(parts: AggregatorParts) {
  const { cluster, name, run, random, log, upstream } = parts;
  const isRoot = upstream === undefined;
  const ownId = nodeIdOf(cluster, name);
  const changes = createChanges(log);
  const clock = clockOfTurns(parts.clock, changes);
  const broker = parts.broker ?? createBrokerWatch({ url: undefined, clock });
  const uplink = parts.uplink ?? createBrokerWatch({ url: undefined, clock, to: "parent" });
  const store = watchStore(parts.store, { clock, log, changes });
  const stored = parts.stored ?? store.load();
  claimStore(store, stored, parts);
  const replica = createReplica(stored.documents.splice(0));
  const term = takeWriterTerm(store, stored, () => replica);
  if (isRoot) makeOwnNode(store, replica, ownId, name, term.run);

  const placement = createPlacement(replica, name);
  const declarations = parts.modules.map(({ declaration }) => declaration);
  const domains = createDomains(declarations, parts.agentModules, log, servingAggregator, {
    slices: { clock },
    unknownGoals: false,
  });
  /** The aggregator below that serves a node: its planner has that one's modules. */
  function servingAggregator(id: string): string | undefined {
    const parent = replica.get(id)?.facets.cfg.get("/parent")?.value;
    return typeof parent === "string" && parent !== name ? placement.aggregator(parent) : undefined;
  }
  const nodes = createNodes(replica, domains, placement);
  const commits = followCommits({ replica, nodes, changes });
  const events = createEvents(clock, store, stored);
  const evidence = createEvidence({ cluster, ownId, run, isRoot, store, facts: stored.facts, log });
  const suspicions = createSuspicions({
    clock,
    tell(child, what) {
      const node = nodes.read(child)?.name ?? child;
      const why =
        `${node} claims ${what}: the claim is ignored. Either a faulty or hostile program uses its identity, or the ` +
        `folder of this aggregator was lost or restored from a backup`;
      events.add({ node, kind: "evidence", why });
      log.warn(why, { node });
    },
  });
  const runBudget = createRunBudget({ clock, changes });
  const childTerms = createChildTerms({
    ...{ replica, store, terms: stored.terms, log, budget: runBudget },
    provenTerm: evidence.provenTerm,
    onClaim: suspicions.claimed,
  });
  const ownTerm = createOwnTerm(() => term.run);
  const discovered = createDiscovered({
    ...{ replica, nodes, events, changes, term, ownId, log, isRoot },
    ownTerm: () => ownTerm.value,
  });
  const held = { profiles: readProfiles(stored.facts) };
  const cfg = createCfgWriter({
    ...{ replica, nodes, domains, store, changes, cluster, ownId, isRoot },
    profiles: () => held.profiles,
    run: term.run,
    ownName: name,
    proofOf: evidence.proofOf,
    ...(parts.interfaces !== undefined && { interfaces: parts.interfaces }),
  });
  const profiles = createProfileRegistry({
    ...{ held, cfg, nodes, isRoot },
    ids: () => replica.ids(),
    schema: () => domains.schema,
    isMutable: domains.isMutable,
  });
  const staging = createStaging({ cfg, nodes, store, facts: stored.facts, changes, events, clock, isRoot });
  return {
    ...{
      cluster,
      name,
      run,
      ownId,
      isRoot,
      random,
      log,
      changes,
      clock,
      broker,
      uplink,
      store,
      stored,
      replica,
      term,
      childTerms,
    },
    ...{
      ownTerm,
      placement,
      declarations,
      domains,
      nodes,
      commits,
      events,
      evidence,
      suspicions,
      discovered,
      cfg,
      profiles,
      staging,
      runBudget,
    },
    telemetry: createTelemetry(),
  };
}

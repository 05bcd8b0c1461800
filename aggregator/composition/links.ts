import { compareTerms, FACET_NAMES, NO_TERM } from "../../src/state/mod.ts";
import { createAssignmentCheck } from "../evidence/assignments.ts";
import { createHeardRuns } from "../evidence/heard_runs.ts";
import { createSuspicions } from "../evidence/suspicions.ts";
import { createChildren } from "../links/children.ts";
import { createUpstreamLink, type UpstreamLink } from "../links/upstream_link.ts";
import { createRollbackDetector } from "../links/rollback_detector.ts";
import { createPendingTransfers } from "../links/pending_transfers.ts";
import { withDurableAcks } from "../links/durable_acks.ts";
import { createTroubles } from "../status/troubles.ts";
import { noteCompleteness } from "../store/own_node.ts";
import { createBatchWriter } from "../store/batch_writer.ts";
import type { AggregatorParts } from "../types.ts";
import type { Ownership } from "./ownership.ts";
import type { State } from "./state.ts";

/** The links to children and to the parent, and what writes to the disk what they bring. */
export type Links = ReturnType<typeof createLinks>;

/** Makes the links. None of them has begun. */
export function createLinks(state: State, ownership: Ownership, parts: AggregatorParts) {
  const { name, run, ownId, isRoot, random, log, changes, clock, broker, uplink, store, stored, replica, term } = state;
  const {
    childTerms,
    ownTerm,
    placement,
    declarations,
    domains,
    nodes,
    commits,
    events,
    evidence,
    suspicions,
    runBudget,
  } = state;
  const { freezer, owners, standing, takeover } = ownership;

  const troubles = createTroubles({
    ...{ store, broker, uplink, lost: parts.lost },
    hasNodes() {
      for (const id of replica.ids()) if (id !== ownId) return true;
      return false;
    },
    onLost(why) {
      log.error("The store may have been lost", { problem: why });
      events.add({ node: name, kind: "store", why });
    },
  });
  /** A child is told of now and then: one that is born again and again is not to fill the log. */
  const refusals = createSuspicions({
    clock,
    tell: (child, why) => events.add({ node: nodes.read(child)?.name ?? child, kind: "refused", why }),
  });
  const isAssigned = createAssignmentCheck({ clock, evidence, suspicions });
  let isOlder = false;
  function tellOlder(child: string): void {
    if (isOlder) return;
    isOlder = true;
    const why = "as the root's disk is older than what it has told its children: it was put back from a backup";
    log.error("Everything is frozen. Stop the root, and prepare its folder with --restored", { node: child, why });
    freezer.freeze(undefined, `${why}. Stop it, and prepare its folder with --restored`);
  }
  const watchDisk = createRollbackDetector({ replica, run: term.run, onOlder: tellOlder });
  const heardRun = createHeardRuns({ replica, evidence, suspicions, run, current: () => term.run });
  const children = createChildren({
    ...{ run, replica, nodes, changes, commits, clock, random, log },
    transfers: createPendingTransfers({ store, facts: stored.facts, log }),
    modules: declarations,
    agentModules: parts.agentModules,
    terms: childTerms,
    runBudget,
    sessions: stored.sessions,
    send: parts.send,
    isDeaf: () => broker.isDeaf,
    onUnknown(child) {
      if (isRoot) troubles.heardUnknown(child);
    },
    onState(child, state, sameRun, why) {
      owners.linked(child, state, { sameRun, assignment: childTerms.of(child).assignment, why });
      changes.post({ kind: "LinkChanged", child, state });
    },
    onHeard: owners.born,
    onClaim(child, claim) {
      if (!isAssigned(child, claim)) return false;
      if (!isRoot) return owners.claimed(child, claim.number);
      // The root alone assigns: what it has signed and does not know was lost with its disk.
      tellOlder(child);
      return false;
    },
    onStray: owners.strayed,
    onGone: owners.left,
    onRival(child, old, newest) {
      const node = nodes.read(child)?.name ?? child;
      const why =
        `Two agents have the identity of ${node}: run ${old} was alive after run ${newest} had taken its place. ` +
        "End one of them, or give its machine a node of its own";
      events.add({ node, kind: "identity", why });
      log.warn(why, { node });
    },
    give(child, childTerm, own) {
      const certified = own && evidence.certify(child, own.key);
      return { given: evidence.give(child, childTerm, term.run), ...(certified !== undefined && { certified }) };
    },
    onBorn(child, birth, hasParent) {
      const parentTerm = heardRun(child, birth);
      if (compareTerms(parentTerm, NO_TERM) === 0) return;
      if (isRoot) watchDisk(child, parentTerm);
      // What an earlier run has told a child may be newer than what it left on the disk: this one's word is the last. A run
      // that the disk knows nothing of, as its term is not below this one's, may have said anything.
      const isUnknown = compareTerms(parentTerm, term.of(child)) >= 0;
      if (term.advancePast(child, parentTerm) && (!hasParent || isUnknown)) {
        replica.restamp(child, "parent", term.of(child));
      }
    },
    onModules(child, modules) {
      const isAggregator = placement.isAggregator(child);
      const problem = isAggregator ? domains.declareBelow(child, modules) : domains.declare(child, modules);
      if (problem !== undefined) refusals.claimed(child, problem);
      for (const id of isAggregator ? placement.below(child) : [child]) nodes.changed(id);
      changes.post({ kind: "ChildDeclared", child });
    },
  });
  const batchWriter = createBatchWriter({
    ...{ store, replica, events, changes, clock },
    facets: isRoot ? ["parent", "self"] : FACET_NAMES,
    session(id) {
      const via = placement.via(id);
      const session = via === undefined ? undefined : children.session(via);
      return via === undefined || session === undefined ? undefined : [via, session];
    },
  });
  const upstreamLink: UpstreamLink | undefined = parts.upstream === undefined ? undefined : createUpstreamLink({
    ...{ ownId, run, replica, placement, term, ownTerm, changes, clock, random, log },
    upstream: withDurableAcks(parts.upstream, changes, batchWriter.flush),
    standing,
    modules: () => domains.declared,
    advanceTo: takeover.advanceTo,
    given: evidence.given,
    own: () => evidence.own(term.run),
    onGiven: evidence.take,
    onLeft: owners.inherited,
    onThere: children.told,
    onPassing(id) {
      // What the parent sends about a node below a child goes on to that child, which may have lost it.
      const via = placement.via(id);
      if (via !== undefined && via !== id) children.arrived(via, id);
    },
  });
  noteCompleteness({ store, batchWriter, changes, log });
  return { troubles, children, batchWriter, upstreamLink };
}

import type { Engine } from "../src/engine/mod.ts";
import type { ModuleHost } from "../src/module/mod.ts";
import type { FacetName } from "../src/state/mod.ts";
import type { Replica } from "../src/sync/mod.ts";
import type { AgentHolds } from "./engine/agent_holds.ts";
import type { Freezer } from "./engine/freezer.ts";
import type { PolicyTaker } from "./engine/policy.ts";
import type { Retries } from "./engine/retries.ts";
import type { Adopting } from "./handover/adopting.ts";
import type { Fence } from "./handover/fence.ts";
import type { Follower, Releases } from "./handover/letting_go.ts";
import type { Moves } from "./handover/moves.ts";
import type { Standbys } from "./handover/standby.ts";
import type { TakingOver } from "./handover/taking_over.ts";
import type { Joining } from "./links/joining.ts";
import type { Children } from "./links/types.ts";
import type { Nodes } from "./nodes/nodes.ts";
import type { RunStates } from "./nodes/run_state.ts";
import type { Statuses } from "./status/statuses.ts";
import type { SubtreeReport } from "./status/subtree.ts";
import type { WriterTerm } from "./store/writer_term.ts";

/** Everything that has to hear of changes. */
export interface FollowingParts {
  readonly ownId: string;
  readonly replica: Replica;
  readonly nodes: Nodes;
  readonly term: WriterTerm;
  readonly joining: Joining | undefined;
  readonly children: Children;
  readonly moves: Moves;
  readonly takingOver: TakingOver;
  readonly adopting: Adopting;
  readonly lettingGo: Follower;
  readonly releases: Releases | undefined;
  readonly standbys: Standbys | undefined;
  readonly fence: Fence;
  readonly runStates: RunStates;
  readonly statuses: Statuses;
  readonly subtree: SubtreeReport;
  readonly engine: Engine;
  readonly freezer: Freezer;
  readonly agentHolds: AgentHolds;
  readonly retries: Retries;
  readonly modules: ModuleHost;
  readonly policies: PolicyTaker;
  /** Says which standby this aggregator knows of. */
  tellStandby(): void;
}

/** Tells each change of a document to whoever has to hear of it. @returns What ends that. */
export function followChanges(parts: FollowingParts): () => void {
  const { ownId, replica, nodes, term, joining, children, moves, takingOver, adopting, lettingGo, releases } = parts;
  const { standbys, fence, runStates, statuses, subtree, engine, freezer, agentHolds, retries, modules, policies } =
    parts;
  const { placement } = nodes;

  /** What a change of power means for the link. After the write that brought it, so that events come in their order. */
  function powerChanged(id: string): void {
    if (placement.via(id) !== id) return; // that of an aggregator further down is its own parent's to judge
    const physState = nodes.read(id)?.view.get("/physState");
    // A machine that is restarted has lost its agent too: what comes next is a new one.
    if (physState === "POWER_OFF" || physState === "POWER_CYCLE") {
      adopting.off(id);
      children.poweredOff(id);
    } else runStates.power(id);
  }

  function frozenAbove(): void {
    freezer.tellAll();
    engine.touchAll();
  }

  /** Whether the engine has no use for what has changed, nor those who are told how a node is: what machines measure, mostly. */
  function isIdle(id: string, facet: FacetName, urls: readonly string[]): boolean {
    if (facet !== "self") return false;
    const { domain } = nodes.plannerOf(id);
    return urls.every((url) => domain.isIdle(url) && !policies.reads(url));
  }

  return replica.onChange((id, facet, urls) => {
    const changes = facet === "cfg" ? placement.update(id) : [];
    nodes.changed(id);
    for (const move of changes) moves.moved(move);
    // Reached as before, but by a later assignment: what was written under the one before is to be taken over.
    const via = placement.via(id);
    if (facet === "cfg" && urls.includes("/assignment") && via !== undefined && via !== id && changes.length === 0) {
      replica.renew(id);
    }
    joining?.changed(id, urls);
    const isAggregator = placement.isAggregator(id);
    if (id === ownId) {
      if (facet === "cfg") queueMicrotask(policies.take);
      if (urls.includes("/frozen")) queueMicrotask(frozenAbove);
      if (urls.includes("/rootApi") || urls.includes("/api")) queueMicrotask(subtree.tellRoot);
      if (urls.includes("/standby")) {
        queueMicrotask(() => {
          fence.changed();
          parts.tellStandby();
        });
      }
      if (urls.includes("/letGo/asked")) queueMicrotask(lettingGo.look);
    }
    if (isAggregator && id !== ownId) {
      statuses.changed(id);
      if (facet === "cfg" && changes.some(({ after }) => after === id)) queueMicrotask(subtree.tellRoot);
    }
    if (facet === "parent" && urls.includes("/physState")) queueMicrotask(() => powerChanged(id));
    if (isAggregator && standbys !== undefined) queueMicrotask(() => standbys.changed(id, urls));
    children.changed(id, facet, urls);
    if (urls.every((url) => url === "/engine/status")) return; // it is of our own making, and nobody here plans with it
    if (facet === "self") agentHolds.changed(id, urls);
    if (facet === "cfg" && urls.includes("/assignment")) releases?.changed(id);
    if (facet === "cfg" && via === id) {
      queueMicrotask(() => {
        freezer.tell(id);
        // Who had it has let it go.
        if (urls.includes("/assignment") && nodes.isChild(id) && term.hasWritten(id)) takingOver.awaitJoin(id);
        if (!term.hasWritten(id)) takingOver.takeOver(id); // it went and came back before this was heard of
      });
    }
    if (nodes.isChild(id) && !isIdle(id, facet, urls)) {
      if (urls.includes("/retries")) queueMicrotask(() => retries.take(id));
      engine.touch(id);
      statuses.changed(id);
    }
    modules.changed(id);
  });
}

import { type EngineHost, type Freeze, memoValue, readMemo, readStuck } from "../../src/engine/mod.ts";
import type { ModuleHost } from "../../src/module/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Discovered } from "../nodes/discovered.ts";
import type { Events } from "../store/events.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { Persistence } from "../store/persistence.ts";
import type { WatchedStore } from "../store/mod.ts";

/** What the engine of an aggregator works with. */
export interface EngineHostParts {
  readonly nodes: Nodes;
  readonly replica: Replica;
  readonly discovered: Discovered;
  readonly events: Events;
  readonly persistence: Persistence;
  readonly store: WatchedStore;
  readonly modules: Pick<ModuleHost, "run">;
  readonly holds: Pick<EngineHost, "keepHolds" | "keptHolds">;
  /** Whether the nodes are known yet: nothing is done before. */
  readonly isComplete: () => boolean;
  freezeOf(id: string): Freeze;
  /** Whether no agent can be heard now. */
  isDeaf(): boolean;
}

/** Ties the engine to an aggregator: it drives the nodes that the aggregator serves itself. */
export function createEngineHost(parts: EngineHostParts): EngineHost {
  const { nodes, replica, discovered, events, persistence } = parts;
  const host: EngineHost = {
    role: "parent",
    nodes: () => nodes.children(),
    read(id) {
      const node = parts.isComplete() && nodes.isChild(id) ? nodes.read(id) : undefined;
      return node === undefined ? undefined : { ...node, frozen: parts.freezeOf(id) };
    },
    run: parts.modules.run,
    discover: (id, url, value) => discovered.parent(id, new Map([[url, value]]), "a mutation failed"),
    hold: (id, stuck) => discovered.parent(id, new Map([["/stuck/parent", stuck === undefined ? null : { ...stuck }]])),
    held: (id) => readStuck(replica.get(id)?.facets.parent.get("/stuck/parent")?.value),
    remember(id, memo) {
      const before = host.remembered(id);
      discovered.parent(id, new Map([["/engine/memo", memoValue(memo)]]));
      // On disk before a node is taken out, so that a run after a crash counts it too.
      if (memo.out !== before?.out && (memo.out === "TAKEN" || memo.out === "CUT")) persistence.flush();
      // A crash right after a failure, or because of it, does not make it undone.
      else if (memo.failed !== undefined) persistence.flushSoon();
    },
    isDeaf: parts.isDeaf,
    isWritable: () => parts.store.problem === undefined,
    remembered: (id) => readMemo(replica.get(id)?.facets.parent.get("/engine/memo")?.value),
    clear: (id, mutation) => discovered.parent(id, new Map([["/clear", mutation ?? null]])),
    ...parts.holds,
    log: (event) => events.add(event),
  };
  return host;
}

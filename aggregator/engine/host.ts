import {
  type Checkpoints,
  checkpointValue,
  type EngineHost,
  type EngineNode,
  type FleetMemory,
  type Freeze,
  readCheckpoint,
  readStuck,
} from "../../src/engine/mod.ts";
import type { ModuleHost } from "../../src/module/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Discovered } from "../nodes/discovered.ts";
import type { Permission } from "../ownership/mod.ts";
import type { Events } from "../store/events.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { BatchWriter } from "../store/batch_writer.ts";
import type { WatchedStore } from "../store/mod.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

/** What the engine of an aggregator depends on. */
export interface EngineHostParts {
  readonly nodes: Nodes;
  readonly replica: Replica;
  readonly discovered: Discovered;
  readonly events: Events;
  readonly batchWriter: BatchWriter;
  readonly store: WatchedStore;
  readonly modules: Pick<ModuleHost, "run">;
  readonly holds: FleetMemory;
  readonly telemetry: Pick<Telemetry, "timed">;
  /** Returns whether the engine may act on a node and, if not, why. */
  permissionOf(id: string): Permission;
  /** Returns how people have frozen a node. */
  freezeOf(id: string): Freeze;
  /** Tells whether no agent can be heard now. */
  isDeaf(): boolean;
}

/**
 * Connects the engine to an aggregator: it drives the nodes that the aggregator serves itself.
 *
 * @param parts What it depends on.
 */
export function createEngineHost(parts: EngineHostParts): EngineHost {
  const { nodes, replica, discovered, events } = parts;
  return {
    role: "parent",
    source: {
      nodes: () => nodes.children(),
      read(id) {
        if (!nodes.isChild(id)) return undefined;
        const permission = parts.permissionOf(id);
        // Values may be missing, so that the engine must neither decide nor remember anything.
        if (!permission.may && permission.because === "learning") return undefined;
        const node = nodes.read(id);
        return node === undefined ? undefined : { ...node, ...freezeOf(permission, parts.freezeOf(id)) };
      },
      isDeaf: parts.isDeaf,
    },
    executor: {
      run: parts.modules.run,
      discover: (id, url, value) => discovered.parent(id, new Map([[url, value]]), "a mutation failed"),
      approve: (id, mutation) => discovered.parent(id, new Map([["/approval", mutation ?? null]])),
    },
    journal: {
      log: (event) => events.add(event),
      timed: parts.telemetry.timed,
      hold: (id, stuck) =>
        discovered.parent(id, new Map([["/stuck/parent", stuck === undefined ? null : { ...stuck }]])),
      held: (id) => readStuck(replica.get(id)?.facets.parent.get("/stuck/parent")?.value),
    },
    checkpoints: checkpointsOf(parts),
    fleet: parts.holds,
  };
}

/** Combines what people want with what ownership permits. People's own freeze needs no reason, except while fenced. */
function freezeOf(permission: Permission, wanted: Freeze): Pick<EngineNode, "frozen" | "frozenWhy"> {
  const isFenced = !permission.may && permission.because === "fenced";
  if (permission.may || (wanted !== "no" && !isFenced)) return { frozen: wanted };
  return { frozen: isFenced ? "everything" : "moved", frozenWhy: permission.why };
}

function checkpointsOf({ replica, discovered, batchWriter, store }: EngineHostParts): Checkpoints {
  const read = (id: string) => readCheckpoint(replica.get(id)?.facets.parent.get("/engine/checkpoint")?.value);
  return {
    read,
    write(id, checkpoint) {
      const before = read(id);
      discovered.parent(id, new Map([["/engine/checkpoint", checkpointValue(checkpoint)]]));
      const { out, failed } = checkpoint;
      // On disk before a node is taken out, so that a run after a crash counts it too.
      if (out !== before?.out && (out === "TAKEN" || out === "CUT")) batchWriter.flush();
      // A crash right after a failure, or because of it, must not undo the record.
      else if (failed !== undefined) batchWriter.flushSoon();
    },
    isWritable: () => store.problem === undefined,
  };
}

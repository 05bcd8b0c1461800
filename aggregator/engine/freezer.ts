import type { Freeze } from "../../src/engine/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { notWritten } from "../cfg/parts.ts";
import type { CfgWriter } from "../cfg/writer.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Discovered } from "../nodes/discovered.ts";
import type { Events } from "../store/events.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { Store } from "../store/mod.ts";
import { type Done } from "../../src/toolkit/mod.ts";

/** Freezes and thaws nodes: neither aggregator nor agent starts anything on a frozen node. */
export interface Freezer {
  /** True while everything is frozen. */
  readonly all: boolean;
  stateOf(id: string): Freeze;
  /** Freezes some nodes, or everything. @param why Reason for the log, if everything is frozen. */
  freeze(ids?: readonly string[], why?: string): Done;
  /** Thaws some nodes, or ends the freeze of everything; nodes that were frozen individually stay frozen. */
  thaw(ids?: readonly string[]): Done;
  /** Writes a node's `/frozen`, which tells its agent, or the aggregators below. */
  tell(id: string): void;
  tellAll(): void;
}

/**
 * Creates the {@link Freezer}. The freeze of one node is its cfg `/freeze`; the freeze of everything is a fact in the
 * store.
 *
 * @param parts What it depends on.
 */
export function createFreezer(
  parts: {
    readonly nodes: Nodes;
    readonly store: Store;
    readonly events: Events;
    readonly discovered: Discovered;
    readonly changes: Changes;
    readonly ownId: string;
    readonly patchCfg: CfgWriter["patch"];
    readonly frozen: boolean;
    /** Tells whether an aggregator above has frozen everything below it. */
    readonly frozenAbove: () => boolean;
  },
): Freezer {
  const { nodes, store, events, changes } = parts;
  let all = parts.frozen;

  function stateOf(id: string): Freeze {
    if (all || parts.frozenAbove()) return "everything";
    return nodes.read(id)?.cfg.get("/freeze") === true ? "node" : "no";
  }
  function tell(id: string): void {
    parts.discovered.parent(id, new Map([["/frozen", stateOf(id) === "no" ? null : true]]));
  }
  function tellAll(): void {
    for (const id of nodes.placement.direct()) tell(id);
  }
  function setAll(frozen: boolean, why = "as a person asked"): Done {
    try {
      store.commit({ facts: new Map([["frozen", frozen]]) });
    } catch (error) {
      return notWritten(error);
    }
    all = frozen;
    events.add({ node: "", kind: frozen ? "frozen" : "thawed", why: `everything, ${why}` });
    changes.turn(tellAll);
    return { ok: true };
  }
  function setSome(ids: readonly string[], freeze: true | null): Done {
    const values: ReadonlyMap<string, Value | null> = new Map([["/freeze", freeze]]);
    const result = parts.patchCfg(ids.map((id) => ({ id, values })), {});
    return result.ok ? { ok: true } : result;
  }
  changes.on("engine", "freezer", ["CfgChanged"], ({ id }) => {
    if (nodes.placement.via(id) === id) tell(id);
  });
  changes.on("engine", "freezer", ["Discovered"], ({ id, urls }) => {
    if (id !== parts.ownId || !urls.includes("/frozen")) return;
    tellAll();
    changes.post({ kind: "FreezeChanged", ids: undefined });
  });
  return {
    get all() {
      return all;
    },
    stateOf,
    freeze(ids, why) {
      const result = ids === undefined ? setAll(true, why) : setSome(ids, true);
      if (result.ok) changes.post({ kind: "FreezeChanged", ids });
      return result;
    },
    thaw(ids) {
      const result = ids === undefined ? setAll(false) : setSome(ids, null);
      if (result.ok) changes.post({ kind: "FreezeChanged", ids });
      return result;
    },
    tell,
    tellAll,
  };
}

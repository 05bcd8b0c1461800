import type { Engine } from "../../src/engine/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Event } from "../dispatch/events.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { PolicyTaker } from "./policy.ts";

/** Tells whether a change matters neither to the engine nor to the states of nodes: mostly measured values. */
export type IsIdle = (change: Event<"CfgChanged" | "Discovered">) => boolean;

/** Creates an {@link IsIdle}. Values that rules read are never idle. */
export function createIdleFilter(
  { nodes, policies }: { readonly nodes: Nodes; readonly policies: Pick<PolicyTaker, "reads"> },
): IsIdle {
  return (change) => {
    if (change.kind === "CfgChanged" || change.facet === "parent") return false;
    const { domain } = nodes.plannerOf(change.id);
    return change.urls.every((url) => domain.isIdle(url) && !policies.reads(url));
  };
}

/** Makes the engine look at nodes whenever something may have changed for them. */
export function touchOnChanges(
  { changes, nodes, engine, isIdle }: {
    readonly changes: Changes;
    readonly nodes: Nodes;
    readonly engine: Pick<Engine, "touch" | "touchAll">;
    readonly isIdle: IsIdle;
  },
): void {
  changes.on("engine", "engine", ["CfgChanged", "Discovered"], (change) => {
    if (nodes.isChild(change.id) && !isIdle(change)) engine.touch(change.id);
  });
  changes.on("engine", "engine", ["Moved", "NodeRemoved", "OwnershipChanged"], ({ id }) => engine.touch(id));
  changes.on("engine", "engine", ["LinkChanged", "ChildDeclared"], ({ child }) => {
    engine.touch(child);
  });
  changes.on("engine", "engine", ["FenceChanged", "BecameComplete", "StoreTurned", "BrokerTurned"], engine.touchAll);
  changes.on("engine", "engine", ["FreezeChanged"], ({ ids }) => {
    if (ids === undefined) engine.touchAll();
    for (const id of ids ?? []) engine.touch(id);
  });
}

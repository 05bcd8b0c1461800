import type { Clock, Random } from "../../src/clock.ts";
import type { Log } from "../../src/log.ts";
import { createModuleHost, type Module, type ModuleHost } from "../../src/module/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Discovered } from "../nodes/discovered.ts";
import type { Nodes } from "../nodes/nodes.ts";

/**
 * Runs an aggregator's modules for the nodes that it serves, and writes what they discover.
 *
 * @param parts What it depends on.
 */
export function hostModules(
  parts: {
    readonly modules: readonly Module[];
    readonly nodes: Nodes;
    readonly discovered: Discovered;
    readonly ownId: string;
    readonly changes: Changes;
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
  },
): ModuleHost {
  const { modules, nodes, discovered, ownId, changes, clock, random, log } = parts;
  const host = createModuleHost({
    modules,
    role: "parent",
    programNode: ownId,
    *nodes() {
      for (const id of nodes.children()) {
        const node = nodes.read(id);
        if (node !== undefined) yield node;
      }
    },
    node: (id) => nodes.read(id),
    discover(id, url, value) {
      if (id === ownId) discovered.own(new Map([[url, value]]));
      else discovered.parent(id, new Map([[url, value]]));
    },
    ...{ clock, random, log },
  });
  changes.on("engine", "modules", ["CfgChanged", "Discovered"], ({ id }) => host.changed(id));
  return host;
}

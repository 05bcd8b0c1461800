import type { Engine } from "../../src/engine/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Discovered } from "../nodes/discovered.ts";
import type { Nodes } from "../nodes/nodes.ts";

/**
 * Retries what was given up when people ask for it, here or at the root, which writes the request to a node's
 * `/retries`.
 */
export interface RetryRequests {
  /** Treats requests from before this program's start as done. */
  start(): void;
  /** Retries what was given up on a node. */
  retry(id: string): void;
}

/**
 * Creates {@link RetryRequests}.
 *
 * @param parts What it depends on.
 */
export function createRetryRequests(
  parts: {
    readonly replica: Replica;
    readonly nodes: Nodes;
    readonly discovered: Discovered;
    readonly engine: Pick<Engine, "retry">;
    readonly changes: Changes;
  },
): RetryRequests {
  const { replica, nodes, discovered, engine, changes } = parts;
  const done = new Map<string, Value>();
  function askedOf(id: string): Value | undefined {
    return replica.get(id)?.facets.cfg.get("/retries")?.value ?? undefined;
  }
  function retry(id: string): void {
    engine.retry(id);
    const before = nodes.read(id)?.view.get("/retry");
    discovered.parent(id, new Map([["/retry", (typeof before === "number" ? before : 0) + 1]]));
  }
  function take(id: string): void {
    const asked = askedOf(id);
    if (asked === undefined || asked === done.get(id)) return;
    done.set(id, asked);
    retry(id);
  }
  changes.on("engine", "retries", ["CfgChanged"], ({ id, urls }) => {
    if (urls.includes("/retries") && nodes.isChild(id)) take(id);
  });
  return {
    start() {
      done.clear();
      for (const id of nodes.children()) {
        const asked = askedOf(id);
        if (asked !== undefined) done.set(id, asked);
      }
    },
    retry,
  };
}

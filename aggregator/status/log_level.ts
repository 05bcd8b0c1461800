import { type Level, LEVELS } from "../../src/log.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Nodes } from "../nodes/nodes.ts";

/**
 * Follows `/log/level` in the cfg of the aggregator's own node.
 *
 * @param parts `onLevel` takes the level; undefined while cfg has none.
 * @returns A function that reads it once, at the start.
 */
export function followLogLevel(
  parts: {
    readonly nodes: Nodes;
    readonly ownId: string;
    readonly changes: Changes;
    onLevel(level: Level | undefined): void;
  },
): () => void {
  const { nodes, ownId, changes } = parts;
  function read(): void {
    const wanted = nodes.read(ownId)?.cfg.get("/log/level");
    parts.onLevel(LEVELS.find((level) => level === wanted));
  }
  changes.on("status", "log level", ["CfgChanged"], ({ id, urls }) => {
    if (id === ownId && urls.includes("/log/level")) read();
  });
  return read;
}

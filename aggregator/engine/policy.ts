import { type Engine, readPolicy } from "../../src/engine/mod.ts";
import type { Nodes } from "../nodes/nodes.ts";

/** Limits and invariants are cfg of the aggregator's own node. @returns What hands them to the engine, where they changed. */
export function createPolicyTaker(
  { nodes, ownId, engine }: {
    readonly nodes: Nodes;
    readonly ownId: string;
    readonly engine: Pick<Engine, "setPolicy">;
  },
): () => void {
  let takenAt = "";
  return () => {
    const own = nodes.read(ownId);
    const version = own?.version.join(".") ?? "";
    if (own === undefined || version === takenAt) return;
    takenAt = version;
    engine.setPolicy(readPolicy(own.cfg));
  };
}

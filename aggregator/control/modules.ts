import type { ModuleDeclaration } from "../../src/plan/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import type { Nodes } from "../nodes/nodes.ts";

/** One module that this aggregator knows. */
export interface KnownModule {
  readonly declaration: ModuleDeclaration;
  readonly runsIn: "aggregator" | "agents";
  /** Of one that runs in this aggregator: its state, and why it is in ERROR. */
  readonly state?: string;
  readonly error?: string;
  /** Its config, as it is set on the aggregator's own node. */
  readonly config?: Value;
}

/** Lists the modules of an aggregator and of its agents, by name. */
export function listModules(
  parts: {
    readonly nodes: Nodes;
    readonly ownId: string;
    readonly declarations: readonly ModuleDeclaration[];
    readonly agentModules: readonly ModuleDeclaration[];
  },
): readonly KnownModule[] {
  const own = parts.nodes.read(parts.ownId);
  const here = parts.declarations.map((declaration): KnownModule => {
    const part = (field: string): Value | undefined => own?.view.get(`/services/${declaration.name}/${field}`);
    const [state, error] = [part("state"), part("error")];
    const config = own?.cfg.get(`/services/${declaration.name}/config`);
    return {
      ...{ declaration, runsIn: "aggregator" },
      ...(typeof state === "string" && { state }),
      ...(typeof error === "string" && { error }),
      ...(config !== undefined && { config }),
    };
  });
  const agents = parts.agentModules.map((declaration): KnownModule => ({ declaration, runsIn: "agents" }));
  return [...here, ...agents].sort((a, b) => a.declaration.name < b.declaration.name ? -1 : 1);
}

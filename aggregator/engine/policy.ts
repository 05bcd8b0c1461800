import { type Engine, type Policy, readPolicy } from "../../src/engine/mod.ts";
import { versionText } from "../../src/state/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Nodes } from "../nodes/nodes.ts";

/** Passes limits and invariants in the cfg of the aggregator's own node to the engine. */
export interface PolicyTaker {
  /** Passes them on if they have changed. */
  take(): void;
  /** Tells whether one of them depends on this variable. */
  reads(url: string): boolean;
}

/** Creates the {@link PolicyTaker}. */
export function createPolicyTaker(
  { nodes, ownId, engine, changes }: {
    readonly nodes: Nodes;
    readonly ownId: string;
    readonly changes: Changes;
    readonly engine: Pick<Engine, "setPolicy">;
  },
): PolicyTaker {
  let takenAt = "";
  let urls: ReadonlySet<string> = new Set();
  function take(): void {
    const own = nodes.read(ownId);
    const version = own === undefined ? "" : versionText(own.version);
    if (own === undefined || version === takenAt) return;
    takenAt = version;
    const policy = readPolicy(own.cfg);
    urls = urlsOf(policy);
    engine.setPolicy(policy);
  }
  changes.on("engine", "policy", ["CfgChanged"], ({ id }) => {
    if (id === ownId) take();
  });
  return {
    take,
    reads: (url) => urls.has(url),
  };
}

function urlsOf({ limits, invariants }: Policy): Set<string> {
  const urls = new Set<string>();
  for (const rule of [...limits, ...invariants]) {
    if ("by" in rule && rule.by !== undefined) urls.add(rule.by);
    if ("when" in rule) { for (const url of rule.when.keys()) urls.add(url); }
  }
  return urls;
}

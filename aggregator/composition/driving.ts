import { createEngine } from "../../src/engine/mod.ts";
import { createAgentHolds } from "../engine/agent_holds.ts";
import { createHoldStore } from "../engine/hold_store.ts";
import { createEngineHost } from "../engine/host.ts";
import { hostModules } from "../engine/module_host.ts";
import { createPolicyTaker } from "../engine/policy.ts";
import { createRetryRequests } from "../engine/retry_requests.ts";
import { createIdleFilter, touchOnChanges } from "../engine/touching.ts";
import type { AggregatorParts } from "../types.ts";
import type { Links } from "./links.ts";
import type { Ownership } from "./ownership.ts";
import type { State } from "./state.ts";

/** What drives nodes to their goals: modules, and the engine that runs them. */
export type Driving = ReturnType<typeof createDriving>;

/** Makes the engine and the modules. Nothing has begun. */
export function createDriving(
  state: State,
  { freezer, permissionOf }: Ownership,
  { batchWriter }: Links,
  parts: Pick<AggregatorParts, "modules">,
) {
  const { ownId, random, log, changes, clock, broker, store, stored, replica, nodes, events, discovered, telemetry } =
    state;

  const modules = hostModules({
    ...{ nodes, discovered, ownId, changes, clock, random, log },
    modules: parts.modules,
  });
  const host = createEngineHost({
    ...{ nodes, replica, discovered, events, batchWriter, store, modules, telemetry },
    holds: createHoldStore(store, stored.facts, log),
    isDeaf: () => broker.isDeaf,
    permissionOf,
    freezeOf: freezer.stateOf,
  });
  const engine = createEngine(host, { clock, random });
  const agentHolds = createAgentHolds({ replica, nodes, events, changes, clock });
  const retries = createRetryRequests({ replica, nodes, discovered, engine, changes });
  const policies = createPolicyTaker({ nodes, ownId, engine, changes });
  const isIdle = createIdleFilter({ nodes, policies });
  touchOnChanges({ changes, nodes, engine, isIdle });
  return { modules, engine, agentHolds, retries, policies, isIdle };
}

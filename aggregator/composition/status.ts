import { createGroundReport } from "../status/ground.ts";
import { followLogLevel } from "../status/log_level.ts";
import { createStatuses } from "../status/statuses.ts";
import { reportSubtree } from "../status/subtree.ts";
import { createWarnings } from "../status/warnings.ts";
import type { AggregatorParts } from "../types.ts";
import type { Driving } from "./driving.ts";
import type { State } from "./state.ts";

/** Makes what follows how nodes are, and says it to those above. */
export function createStatus(
  state: State,
  { engine, isIdle }: Driving,
  parts: Pick<AggregatorParts, "warnings" | "onLogLevel">,
) {
  const { name, ownId, isRoot, changes, clock, broker, uplink, store, replica, nodes, events, discovered, telemetry } =
    state;

  const statuses = createStatuses({
    ...{ nodes, ownId, events, changes, clock, isIdle, goalTimes: telemetry.goalTimes },
    statusOf: engine.status,
    publish: isRoot ? undefined : (id, status) => discovered.parent(id, new Map([["/engine/status", status]])),
  });
  reportSubtree({
    ...{ replica, nodes, discovered, store, ownId, isRoot, changes, statuses },
    broker: { isLost: () => broker.problem !== undefined },
  });
  const ground = createGroundReport({ name, events, discovered, broker, uplink, changes });
  const warnings = createWarnings({
    ...{ name, isRoot, uplink, changes, clock, events },
    more: parts.warnings ?? (() => []),
  });
  const readLogLevel = followLogLevel({ nodes, ownId, changes, onLevel: parts.onLogLevel ?? (() => {}) });
  return { statuses, ground, warnings, readLogLevel };
}

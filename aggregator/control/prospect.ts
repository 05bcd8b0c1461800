import { goalsHash, isDisruptive, type Refused } from "../../src/engine/mod.ts";
import type { Value, Values } from "../../src/state/mod.ts";
import type { NodeChange } from "../cfg/change.ts";
import type { ReadNode } from "../nodes/nodes.ts";
import { agentStuck, type ExplainingParts } from "./explaining.ts";
import { foresee, type Queued } from "./foreseeing.ts";

/** What stands in the way of a change's plan, beside the plan itself. */
export interface Prospect {
  /** Somebody else has the node. */
  readonly busy: boolean;
  readonly frozen: boolean;
  /** Why what the plan needs has been given up, where it has. */
  readonly held?: string;
  /** An invariant that says no to a step, as things are. */
  readonly refused?: Refused;
  /** Limits and invariants of which the plan needs places, whether there are free ones or not. */
  readonly queued: readonly Queued[];
  /** Whether the plan cuts a machine's power, or takes a node out of SYNC. */
  readonly disruptive: boolean;
}

/** What stands in the way of a change's plan, beside the plan itself, and whether it disturbs who uses the node. */
export function prospectOf(parts: ExplainingParts, change: NodeChange): Prospect {
  const freeze = change.differences.find(({ url }) => url === "/freeze");
  const own = freeze === undefined ? parts.freezer.stateOf(change.id) === "node" : freeze.to === true;
  const frozen = parts.freezer.all || own;
  const node = parts.nodes.read(change.id) ?? newNode(parts, change);
  if (node === undefined) return { busy: false, frozen, disruptive: false, queued: [] };
  const cfg = cfgAfter(node, change);
  const held = heldBy(parts, node, change, cfg);
  const steps = change.plan.ok ? change.plan.steps : [];
  const seen = { ...node, frozen: "no" } as const;
  return {
    ...foresee(parts, node, cfg, change.plan, change.differences.length > 0),
    busy: node.view.get("/busy") === "BUSY",
    frozen,
    disruptive: steps.some((step) => isDisruptive(step, seen)),
    ...(held !== undefined && { held }),
  };
}

/** A node that a change makes, before it is there: nothing is known of it but what does not change. */
function newNode({ nodes, ownId }: ExplainingParts, change: NodeChange): ReadNode | undefined {
  const own = nodes.read(ownId); // it has the planner of nodes whose agents have not told anything yet
  if (own === undefined) return undefined;
  const { id, name, version } = change;
  const { schema } = own.planner.domain;
  const constants = change.differences.flatMap(({ url, to }): [string, Value][] =>
    to !== undefined && schema.find(url)?.variable.writer === "cfg" ? [[url, to]] : []
  );
  return { id, name, version, target: "", planner: own.planner, cfg: new Map(), view: new Map(constants) };
}

function cfgAfter(node: ReadNode, { differences }: NodeChange): Values {
  const cfg = new Map(node.cfg);
  for (const { url, to } of differences) {
    if (to === undefined) cfg.delete(url);
    else cfg.set(url, to);
  }
  return cfg;
}

function heldBy(
  parts: ExplainingParts,
  node: ReadNode,
  { plan, differences }: NodeChange,
  cfg: Values,
): string | undefined {
  if (differences.length === 0) { // what failed is remembered for the cfg that it failed for
    const status = parts.nodes.isChild(node.id) ? parts.engine.status(node.id) : undefined;
    if (status?.phase === "stuck") return status.reason ?? "";
    const agent = agentStuck(parts, node);
    if (agent !== undefined) return `its agent gave up on ${agent.mutation}: ${agent.reason}`;
  }
  const holds = parts.engine.holds();
  if (holds.length === 0 || !plan.ok) return undefined;
  const goals = goalsHash({ planner: node.planner, cfg });
  const hold = holds.find((each) => each.goals === goals && plan.steps.some(({ key }) => key === each.mutation));
  return hold === undefined ? undefined : `${hold.mutation} is held for the whole fleet: ${hold.reason}`;
}

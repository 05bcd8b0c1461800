import type { Clock } from "../../src/clock.ts";
import {
  type Engine,
  type EngineNode,
  type Freeze,
  type PlannedPlace,
  type Policy,
  type Preview,
  previewElsewhere,
  readPolicy,
} from "../../src/engine/mod.ts";
import type { Value, Values } from "../../src/state/mod.ts";
import type { NodeChange } from "../cfg/change.ts";
import type { Freezer } from "../engine/freezer.ts";
import type { Nodes } from "../nodes/nodes.ts";

/** A place of a limit or an invariant that a step of a plan needs. */
export interface NodePlace extends PlannedPlace {
  /** The aggregator whose rule it is, if it is another one. */
  readonly aggregator?: string;
}

/** The forecast for a change of a node. */
export interface NodePreview extends Omit<Preview, "places"> {
  readonly places: readonly NodePlace[];
}

/** What previews depend on. */
export interface PreviewParts {
  readonly ownId: string;
  readonly nodes: Nodes;
  readonly engine: Engine;
  readonly freezer: Freezer;
  readonly clock: Clock;
}

/** By the cfg of an aggregator's node: read once for all nodes of a request. */
const policies = new WeakMap<Values, Policy>();

/**
 * Forecasts the effect of `change`, by the rules of the aggregator that serves the node after it. Rules are cfg, so
 * those of another aggregator are known here too, but not how many of its places are taken.
 *
 * @param parts What it depends on.
 * @returns Undefined if no aggregator serves the node.
 */
export function previewChange(parts: PreviewParts, change: NodeChange): NodePreview | undefined {
  const { id, name, after } = change;
  const serving = servedBy(parts, after.cfg.get("/parent"));
  if (serving === undefined) return undefined;
  const node: EngineNode = { ...after, name, frozen: frozenAfter(parts, change) };
  if (serving === parts.ownId) return parts.engine.preview(id, node);
  const preview = previewElsewhere(id, node, policyOf(parts, serving), parts.clock.now());
  const aggregator = String(after.cfg.get("/parent"));
  return { ...preview, places: preview.places.map((place) => ({ ...place, aggregator })) };
}

/** Tells whether the node is frozen after a change. */
export function frozenAfter({ freezer }: PreviewParts, { id, differences }: NodeChange): Freeze {
  const now = freezer.stateOf(id);
  if (now === "everything") return now;
  const freeze = differences.find(({ url }) => url === "/freeze");
  if (freeze === undefined) return now;
  return freeze.to === true ? "node" : "no";
}

function servedBy({ ownId, nodes }: PreviewParts, parent: Value | undefined): string | undefined {
  if (typeof parent !== "string") return undefined;
  return parent === nodes.read(ownId)?.name ? ownId : nodes.placement.aggregator(parent);
}

function policyOf({ nodes }: PreviewParts, aggregator: string): Policy {
  const cfg: Values = nodes.read(aggregator)?.cfg ?? new Map();
  const known = policies.get(cfg) ?? readPolicy(cfg);
  policies.set(cfg, known);
  return known;
}

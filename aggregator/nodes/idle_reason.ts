import { describeUnserved, type Domain, goalsOf } from "../../src/plan/mod.ts";
import type { Values } from "../../src/state/mod.ts";

/**
 * Returns why Kraken leaves a node alone although there is no error: no aggregator serves it, no module supports its
 * platform, or its cfg asks for nothing. Undefined otherwise, and for the nodes of aggregators.
 *
 * @param domain The variables and mutations.
 * @param cfg The node's cfg, or the one that is asked about.
 * @param isServed Whether the aggregator in its `/parent` is known.
 */
export function idleReason(domain: Domain, cfg: Values, isServed: boolean): string | undefined {
  if (cfg.get("/role") === "AGGREGATOR") return undefined;
  if (!isServed) return "no aggregator serves it: set /parent to the name of one";
  const unserved = describeUnserved(domain, cfg, "/platform");
  if (unserved !== undefined) return unserved;
  if (goalsOf(domain, cfg).length === 0) return "its cfg asks for nothing: set a goal, such as /physState=POWER_ON";
  return undefined;
}

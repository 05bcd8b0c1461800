import { declareModule } from "../../src/plan/mod.ts";
import { core, profiles, tree } from "../../src/state/mod.ts";

/** Converts the links of an aggregator's children into `/runState` and `/link`. */
export const joinDeclaration = declareModule({
  name: "join",
  about: "Accepts agents: a node is in SYNC when the link to its agent is up and level",
  extensions: [core, tree, profiles],
  discovers: ["/runState", "/link"],
  mutations: {
    level: {
      context: "parent",
      changes: { "/runState": ["INIT", "SYNC"] },
      requires: { "/physState": "POWER_ON" },
      failTo: { "/physState": "PHYS_HANG" },
      timeout: 30_000,
      about: "Waits until the agent has all of its cfg and the aggregator has all of the agent's values",
    },
  },
});

import { declareModule } from "../../src/plan/mod.ts";
import { defineExtension } from "../../src/state/mod.ts";
import {
  orderMutations,
  otherBootMutation,
  powerDiscoveries,
  powerExtensions,
  powerMutations,
} from "../power/declaring.ts";

/** The config of the module itself, on the aggregator's own node. */
export const powermanConfig = defineExtension("powerman", {
  "/services/powerman/config": {
    type: {
      kind: "object",
      fields: {
        server: { kind: "string", maxLength: 256 },
        poll: { kind: "integer", min: 50, max: 3_600_000 },
      },
      optional: ["server", "poll"],
    },
    writer: "cfg",
    about:
      "server: address of powermand (default localhost:10101); poll: time between two readings (ms, default 30000)",
  },
});

const timeouts = { find: 90_000, on: 120_000, off: 120_000 };

/** Power control through powermand, which controls switched outlets, consoles and old controllers of many kinds. */
export const powermanDeclaration = declareModule({
  name: "powerman",
  about: "Powers machines on and off through powermand",
  extensions: [...powerExtensions, powermanConfig],
  discovers: [...powerDiscoveries],
  mutations: {
    ...powerMutations("powerman", timeouts),
    ...orderMutations("powerman"),
    ...otherBootMutation("powerman"),
  },
});

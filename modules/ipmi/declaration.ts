import { declareModule } from "../../src/plan/mod.ts";
import { defineExtension, enumeration } from "../../src/state/mod.ts";
import {
  controllerDiscoveries,
  interruptMutation,
  ledMutations,
  leds,
  orderMutations,
  otherBootMutation,
  powerDiscoveries,
  powerExtensions,
  powerMutations,
  resetMutations,
  restartMutation,
} from "../power/declaring.ts";

/** The config of the module itself, on the aggregator's own node. */
export const ipmiConfig = defineExtension("ipmi", {
  "/services/ipmi/config": {
    type: {
      kind: "object",
      fields: {
        credentials: { kind: "string", maxLength: 512 },
        poll: { kind: "integer", min: 50, max: 3_600_000 },
        graceful: { kind: "integer", min: 0, max: 120_000 },
        interface: enumeration("lanplus", "lan"),
        privilege: enumeration("USER", "OPERATOR", "ADMINISTRATOR"),
      },
      optional: ["credentials", "poll", "graceful", "interface", "privilege"],
    },
    writer: "cfg",
    about:
      "credentials: path of a JSON file with username, password and optionally kg, in which {name} stands for the node's name; " +
      "poll: time between two readings of the power (ms, default 60000); graceful: time for a healthy machine to shut down before " +
      "its power is cut (ms, default 60000); interface: lanplus (IPMI 2.0) or lan (1.5) (default lanplus); privilege: of the " +
      "session (default ADMINISTRATOR)",
  },
});

const timeouts = { find: 90_000, on: 120_000, off: 240_000 };

/** Power control of machines whose controllers support IPMI over the network. */
export const ipmiDeclaration = declareModule({
  name: "ipmi",
  about: "Powers machines on and off over IPMI",
  extensions: [...powerExtensions, leds, ipmiConfig],
  discovers: [...powerDiscoveries, ...controllerDiscoveries],
  mutations: {
    ...powerMutations("ipmi", timeouts),
    ...restartMutation("ipmi", timeouts),
    ...orderMutations("ipmi"),
    ...resetMutations("ipmi", timeouts.on),
    ...interruptMutation("ipmi"),
    ...ledMutations("ipmi"),
    ...otherBootMutation("ipmi"),
  },
});

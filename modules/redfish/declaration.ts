import { declareModule } from "../../src/plan/mod.ts";
import { defineExtension, enumeration } from "../../src/state/mod.ts";
import {
  blinkMutations,
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
  sensorDiscoveries,
} from "../power/declaring.ts";
import { bmcTls } from "./tls_settings.ts";

/** The config of the module itself, on the aggregator's own node. */
export const redfishConfig = defineExtension("redfish", {
  "/services/redfish/config": {
    type: {
      kind: "object",
      fields: {
        endpoint: { kind: "string", maxLength: 512 },
        credentials: { kind: "string", maxLength: 512 },
        auth: enumeration("session", "basic"),
        tls: enumeration("verified", "unverified", "plain"),
        ca: { kind: "string", maxLength: 512 },
        poll: { kind: "integer", min: 50, max: 3_600_000 },
        sense: { kind: "integer", min: 0, max: 3_600_000 },
        graceful: { kind: "integer", min: 0, max: 120_000 },
      },
      optional: ["endpoint", "credentials", "auth", "tls", "ca", "poll", "sense", "graceful"],
    },
    writer: "cfg",
    about:
      "endpoint: URL of one service for all nodes; credentials: path of a JSON file with username and password, in which {name} " +
      "stands for the node's name; auth: session or basic (default session); tls: verified, unverified (any certificate) or plain " +
      "(http is allowed) (default verified); ca: path of a PEM file; poll: time between two readings of the power (ms, default " +
      "30000); sense: time between two readings of the sensors (ms, default 60000, 0: none); graceful: time for a healthy machine " +
      "to shut down before its power is cut (ms, default 60000)",
  },
});

const timeouts = { find: 90_000, on: 180_000, off: 240_000 };

/** Power control of machines whose controllers support Redfish. */
export const redfishDeclaration = declareModule({
  name: "redfish",
  about: "Powers machines on and off over Redfish",
  extensions: [...powerExtensions, leds, bmcTls, redfishConfig],
  discovers: [...powerDiscoveries, ...controllerDiscoveries, ...sensorDiscoveries, "/bmc/certificate"],
  mutations: {
    ...powerMutations("redfish", timeouts),
    ...restartMutation("redfish", timeouts),
    ...orderMutations("redfish"),
    ...resetMutations("redfish", timeouts.on),
    ...interruptMutation("redfish"),
    ...ledMutations("redfish"),
    ...blinkMutations("redfish"),
    ...otherBootMutation("redfish"),
  },
});

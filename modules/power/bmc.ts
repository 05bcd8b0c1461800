import { defineExtension } from "../../src/state/mod.ts";

/** The controller (BMC) of a node: its address, and its reports other than the power. */
export const bmc = defineExtension("bmc", {
  "/bmc/address": {
    type: { kind: "string", maxLength: 512 },
    writer: "cfg",
    about: "Address of the node's controller; its format and its default depend on /platform",
  },
  "/bmc/fingerprint": {
    type: { kind: "string", maxLength: 128 },
    writer: "cfg",
    about:
      "SHA-256 of the controller's TLS certificate in hexadecimal, with or without colons; if set, only this certificate is trusted",
  },
  "/bmc/error": {
    type: { kind: "string", maxLength: 512 },
    writer: "parent",
    about: "Why the controller cannot be reached; absent while it answers",
    knownWhile: {},
  },
  "/bmc/power": {
    type: { kind: "string", maxLength: 512 },
    writer: "parent",
    about: "Power state in the controller's own words while it is neither on nor off; absent otherwise",
    knownWhile: {},
  },
  "/bmc/health": {
    type: { kind: "string", maxLength: 32 },
    writer: "parent",
    about: "Health of the machine, as its controller reports it: OK, Warning or Critical",
    knownWhile: {},
  },
  "/bmc/firmware": {
    type: { kind: "string", maxLength: 128 },
    writer: "parent",
    about: "Version of the machine's firmware (BIOS) or, over IPMI, of the controller's firmware (BMC)",
    knownWhile: {},
  },
  "/bmc/inlet": {
    type: { kind: "integer", min: -100, max: 1000 },
    writer: "parent",
    about: "Temperature of the inlet air, in degrees Celsius",
    knownWhile: {},
  },
  "/bmc/watts": {
    type: { kind: "integer", min: 0, max: 1_000_000 },
    writer: "parent",
    about: "Power consumption of the machine, rounded to about 5 %, in watts",
    knownWhile: {},
  },
});

import { defineExtension } from "../../src/state/mod.ts";

/** The controller (BMC) of a node: its address, and its reports other than the power. */
export const bmc = defineExtension("bmc", {
  "/bmc/address": {
    type: { kind: "string", maxLength: 512 },
    writer: "cfg",
    about:
      "Where the node's controller is; what it looks like depends on /platform, and so does what it is where absent",
  },
  "/bmc/fingerprint": {
    type: { kind: "string", maxLength: 128 },
    writer: "cfg",
    about:
      "SHA-256 of the controller's TLS certificate in hexadecimal, with or without colons: no other is trusted then",
  },
  "/bmc/error": {
    type: { kind: "string", maxLength: 512 },
    writer: "parent",
    about: "Why the controller can't be asked at this moment; absent while it answers",
    knownWhile: {},
  },
  "/bmc/power": {
    type: { kind: "string", maxLength: 512 },
    writer: "parent",
    about: "What the controller says of the power while that is neither on nor off, in its own words; absent otherwise",
    knownWhile: {},
  },
  "/bmc/health": {
    type: { kind: "string", maxLength: 32 },
    writer: "parent",
    about: "How the machine is, in its controller's word: OK, Warning, Critical",
    knownWhile: {},
  },
  "/bmc/firmware": {
    type: { kind: "string", maxLength: 128 },
    writer: "parent",
    about: "Version of the machine's firmware (BIOS) or, over IPMI, of the controller's own (BMC), as that says",
    knownWhile: {},
  },
  "/bmc/inlet": {
    type: { kind: "integer", min: -100, max: 1000 },
    writer: "parent",
    about: "Temperature of the air that the machine takes in, in degrees Celsius",
    knownWhile: {},
  },
  "/bmc/watts": {
    type: { kind: "integer", min: 0, max: 1_000_000 },
    writer: "parent",
    about: "Power that the machine draws, in watts, to about a twentieth",
    knownWhile: {},
  },
});

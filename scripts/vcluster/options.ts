import { defineProgram } from "../../src/cli/mod.ts";
import { MAX_MACHINES } from "./lab_config.ts";

/** The virtual cluster's command line. */
export const program = defineProgram({
  name: "vcluster",
  about:
    "A cluster of virtual machines on this one. They are powered on through their controllers, boot over the network " +
    "from an aggregator, and join it, as machines of metal do.",
  options: {
    nodes: { kind: "integer", min: 1, max: MAX_MACHINES, default: 4, help: "How many machines: n1, n2, ..." },
    "until-converged": { kind: "boolean", help: "End when every node is as it should be" },
    json: { kind: "boolean", help: "Print one JSON object last" },
    console: {
      kind: "string",
      placeholder: "NODE",
      help: "Join the console of a node of the virtual cluster that runs",
    },
    uefi: { kind: "list", placeholder: "NODE", help: "This machine boots with UEFI instead of BIOS" },
    "uefi-http": { kind: "list", placeholder: "NODE", help: "This machine's UEFI boots over HTTP instead of PXE" },
    aarch64: { kind: "list", placeholder: "NODE", help: "This machine is an ARM64 one, with UEFI" },
    ipmi: { kind: "list", placeholder: "NODE", help: "This machine's controller speaks IPMI instead of Redfish" },
    image: {
      kind: "string",
      placeholder: "FILE|example",
      help: "A squashfs file that every node runs as its root image; example: one with an SSH server is built",
    },
    "image-mode": {
      kind: "string",
      choices: ["container", "root"],
      default: "container",
      help: "Run the image beside the agent, or switch the machines to it",
    },
    dhcp: {
      kind: "string",
      choices: ["server", "proxy"],
      default: "server",
      help: "Who gives addresses: the aggregator, or a DHCP server of the site's own, with the aggregator beside it",
    },
    "at-once": {
      kind: "integer",
      min: 1,
      max: MAX_MACHINES,
      default: 2,
      help: "How many machines may boot at the same time",
    },
    memory: { kind: "integer", min: 144, max: 65_536, default: 192, help: "Memory of each machine in MiB" },
    limit: { kind: "duration", default: 900_000, help: "Give up waiting for convergence after this time" },
    "http-port": {
      kind: "integer",
      default: 3141,
      max: 65_535,
      help: "Port of the aggregator's API on loopback; 0: any free one",
    },
  },
  examples: [
    "npm run vcluster",
    "npm run vcluster -- --nodes 8 --uefi n1 --ipmi n2",
    "npm run -s vcluster -- --nodes 4 --until-converged --json",
    "npm run vcluster -- --console n1",
  ],
});

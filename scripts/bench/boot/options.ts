import { defineProgram } from "../../../src/cli/mod.ts";

/** The command line of the bench. */
export const program = defineProgram({
  name: "bench boot",
  about:
    "Measures how long a virtual machine takes from its power to SYNC, by what its initramfs is made of, beside the " +
    "same kernel with an initramfs that has only an init. Real boots over the network; as root.",
  options: {
    runs: { kind: "integer", min: 1, max: 20, default: 3, help: "Boots of each kind, of which the median counts" },
    memory: { kind: "integer", min: 144, max: 65_536, default: 384, help: "Memory of the machine in MiB" },
    json: { kind: "boolean", help: "Print one JSON object" },
  },
  examples: ["npm run -s bench -- boot", "npm run -s bench -- boot --runs 1 --json"],
});

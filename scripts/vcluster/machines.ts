import { EXIT, ProgramError } from "../../src/cli/mod.ts";
import type { LabMachine } from "./lab_config.ts";

/** UEFI needs room for itself, in MiB. */
const UEFI_MEMORY = 512;

/**
 * The machines that a command line asks for: n1, n2, ...
 *
 * @throws {ProgramError} When it names one that there is not.
 */
export function machinesOf(options: {
  readonly nodes: number;
  /** MiB of each; one with UEFI has at least {@link UEFI_MEMORY}. */
  readonly memory: number;
  readonly uefi: readonly string[];
  readonly ipmi: readonly string[];
}): LabMachine[] {
  const names = Array.from({ length: options.nodes }, (_, index) => `n${index + 1}`);
  for (const option of ["uefi", "ipmi"] as const) {
    const unknown = options[option].find((name) => !names.includes(name));
    if (unknown === undefined) continue;
    const expected = `a node from n1 to n${options.nodes}`;
    throw new ProgramError(`Option '--${option}' is '${unknown}': expected ${expected}`, EXIT.usage);
  }
  return names.map((name, index) => {
    const isUefi = options.uefi.includes(name);
    return {
      ...{ name, number: index + 1 },
      memory: isUefi ? Math.max(options.memory, UEFI_MEMORY) : options.memory,
      firmware: isUefi ? "uefi" : "bios",
      power: options.ipmi.includes(name) ? "ipmi" : "redfish",
    };
  });
}

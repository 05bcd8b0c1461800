import process from "node:process";
import { EXIT, ProgramError } from "../../src/cli/mod.ts";
import { archOf } from "../debian/arch.ts";
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
  readonly uefi?: readonly string[];
  readonly "uefi-http"?: readonly string[];
  readonly aarch64?: readonly string[];
  readonly ipmi?: readonly string[];
}): LabMachine[] {
  const { uefi = [], "uefi-http": uefiHttp = [], aarch64 = [], ipmi = [] } = options;
  const names = Array.from({ length: options.nodes }, (_, index) => `n${index + 1}`);
  for (const [option, some] of Object.entries({ uefi, "uefi-http": uefiHttp, aarch64, ipmi })) {
    const unknown = some.find((name) => !names.includes(name));
    if (unknown === undefined) continue;
    const expected = `a node from n1 to n${options.nodes}`;
    throw new ProgramError(`Option '--${option}' is '${unknown}': expected ${expected}`, EXIT.usage);
  }
  const both = ipmi.find((name) => aarch64.includes(name));
  if (both !== undefined) {
    throw new ProgramError(`Machine '${both}' can't have IPMI: QEMU's ARM64 board has no place for it`, EXIT.usage);
  }
  return names.map((name, index) => {
    const arch = aarch64.includes(name) ? "aarch64" : "x86_64";
    const isUefi = arch === "aarch64" || uefi.includes(name);
    const firmware = uefiHttp.includes(name) ? "uefi-http" : isUefi ? "uefi" : "bios";
    return {
      ...{ name, number: index + 1, arch, firmware },
      memory: firmware === "bios" ? options.memory : Math.max(options.memory, UEFI_MEMORY),
      power: ipmi.includes(name) ? "ipmi" : "redfish",
    };
  });
}

/**
 * Looks whether machines can run an image, before anything is built.
 *
 * @param image As the command line has it.
 * @throws {ProgramError} When it is the example and a machine is of another architecture than this one: it has programs of this one.
 */
export function checkImage(image: string | undefined, machines: readonly LabMachine[]): void {
  const own = archOf(process.arch);
  const other = machines.find(({ arch }) => arch !== own);
  if (image !== "example" || other === undefined) return;
  throw new ProgramError(
    `Image 'example' can't run on '${other.name}', which is ${other.arch}: it is made for ${own}`,
    EXIT.usage,
  );
}

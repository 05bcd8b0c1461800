import { statSync } from "node:fs";
import { isIpv4 } from "../../src/boot/mod.ts";
import { EXIT, ProgramError } from "../../src/cli/mod.ts";
import type { BootOptions } from "./machines.ts";

/** The command line options about booting. */
export interface BootCommandLine {
  readonly "boot-address": string | undefined;
  readonly "boot-port": number;
  readonly "boot-files": string | undefined;
  readonly "mqtt-port": number;
  readonly dhcp: BootOptions["dhcp"];
  readonly broker: string | undefined;
  readonly "tftp-block": number | undefined;
}

/**
 * Reads the boot options; undefined if nothing boots from here.
 *
 * @param given The options.
 * @throws {ProgramError} If options contradict each other or this machine.
 */
export function readBootOptions(
  given: BootCommandLine,
): Pick<BootOptions, "address" | "httpPort" | "mqttPort" | "files" | "dhcp" | "tftpBlock"> | undefined {
  const address = given["boot-address"];
  const files = given["boot-files"];
  if (address === undefined) {
    if (files === undefined) return undefined;
    throw new ProgramError(
      "Option '--boot-files' is given without '--boot-address': expected both, or none",
      EXIT.usage,
    );
  }
  if (!isIpv4(address) || address === "0.0.0.0") {
    throw new ProgramError(
      `Option '--boot-address' is '${address}': expected an IPv4 address of this machine, such as 10.77.0.1`,
      EXIT.usage,
    );
  }
  if (files === undefined) {
    throw new ProgramError("Option '--boot-address' is given without '--boot-files': expected a folder", EXIT.usage);
  }
  if (statSync(files, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new ProgramError(`Option '--boot-files' is '${files}': expected an existing folder`, EXIT.usage);
  }
  if (given.broker !== undefined) {
    throw new ProgramError(
      "Option '--boot-address' is given with '--broker': expected the embedded broker, which alone knows the identities " +
        "of machines that boot from here",
      EXIT.usage,
    );
  }
  const tftpBlock = given["tftp-block"];
  return {
    ...{ address, files, dhcp: given.dhcp, httpPort: given["boot-port"], mqttPort: given["mqtt-port"] },
    ...(tftpBlock !== undefined && { tftpBlock }),
  };
}

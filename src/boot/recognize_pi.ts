/** The first half of the MAC addresses of Raspberry Pis (IEEE, registry MA-L). */
const OWNERS: ReadonlySet<string> = new Set([
  ...["28:cd:c1", "2c:cf:67", "88:a2:9e", "b8:27:eb", "d8:3a:dd", "dc:a6:32", "e4:5f:01"],
]);
/** The beginning of the UUID that the firmware of a Raspberry Pi 4 and later sends: "RPi4", lowest byte first. */
const UUID = /^34695052-[0-9a-f]{4}-[0-9a-f]{4}-([0-9a-f]{4})-([0-9a-f]{4})([0-9a-f]{8})$/;

/** What a machine sends about itself over DHCP. */
export interface PiSight {
  /** Lower case, with colons. */
  readonly mac: string;
  /** Kind of its firmware, such as `bios`. */
  readonly arch?: string;
  /** Option 97, in RFC 4122 form. */
  readonly uuid?: string;
}

/** A Raspberry Pi, and its serial number if it sends it. */
export interface RecognizedPi {
  readonly serial?: string;
}

/**
 * Recognizes a Raspberry Pi that boots with its own firmware, which reports a BIOS or nothing. A Pi with UEFI or iPXE
 * is treated like any other machine.
 *
 * Its firmware sends as UUID a text, its board revision, the last four bytes of its MAC address and its serial number
 * (Raspberry Pi 4 bootloader configuration, DHCP_OPTION97). The MAC address shows the byte order of the last two.
 */
export function recognizePi({ mac, arch, uuid }: PiSight): RecognizedPi | undefined {
  if (arch !== undefined && arch !== "bios") return undefined;
  const [, high = "", low = "", serial = ""] = UUID.exec(uuid ?? "") ?? [];
  if (serial === "" && !OWNERS.has(mac.slice(0, 8))) return undefined;
  const ending = mac.slice(6).replaceAll(":", "");
  const found = high + low === ending ? serial : high + low === reversed(ending) ? reversed(serial) : "";
  return found === "" ? {} : { serial: found };
}

/** Reverses the bytes of hexadecimal digits. */
function reversed(digits: string): string {
  return (digits.match(/../g) ?? []).reverse().join("");
}

/** The first half of MAC addresses of Raspberry Pis (IEEE, registry MA-L). */
const OWNERS: ReadonlySet<string> = new Set([
  ...["28:cd:c1", "2c:cf:67", "88:a2:9e", "b8:27:eb", "d8:3a:dd", "dc:a6:32", "e4:5f:01"],
]);
/** How a UUID begins that the firmware of a Raspberry Pi 4 and later sends: "RPi4", lowest byte first. */
const UUID = /^34695052-[0-9a-f]{4}-[0-9a-f]{4}-([0-9a-f]{4})-([0-9a-f]{4})([0-9a-f]{8})$/;

/** What a machine says of itself over DHCP. */
export interface PiSight {
  /** Lower case, with colons. */
  readonly mac: string;
  /** Kind of its firmware, such as `bios`. */
  readonly arch?: string;
  /** Option 97, in RFC 4122 form. */
  readonly uuid?: string;
}

/** A Raspberry Pi, and its serial number where it says that. */
export interface RecognizedPi {
  readonly serial?: string;
}

/**
 * Tells whether a machine is a Raspberry Pi that boots by its own firmware, which calls itself a BIOS, or says nothing. One with
 * UEFI or iPXE on it is a machine like any other.
 *
 * Its firmware sends as UUID a text, its board's revision, the last four bytes of its MAC address and its serial number (Raspberry
 * Pi 4 bootloader configuration, DHCP_OPTION97). In which order the bytes of the last are shows in those of the MAC address.
 */
export function recognizePi({ mac, arch, uuid }: PiSight): RecognizedPi | undefined {
  if (arch !== undefined && arch !== "bios") return undefined;
  const [, high = "", low = "", serial = ""] = UUID.exec(uuid ?? "") ?? [];
  if (serial === "" && !OWNERS.has(mac.slice(0, 8))) return undefined;
  const ending = mac.slice(6).replaceAll(":", "");
  const found = high + low === ending ? serial : high + low === reversed(ending) ? reversed(serial) : "";
  return found === "" ? {} : { serial: found };
}

/** Hexadecimal digits with the order of their bytes turned round. */
function reversed(digits: string): string {
  return (digits.match(/../g) ?? []).reverse().join("");
}

import { firmwareOf } from "./firmware.ts";
import { hasLoader } from "./standard_boot.ts";
import { type DhcpPacket, NO_ADDRESS, OPTION } from "./packet.ts";
import type { DhcpClient } from "./types.ts";

/** The longest text of a client to keep, in characters. */
const MAX_TEXT = 128;
/** The largest number of firmware kinds to read from one client. */
const MAX_ARCHS = 16;

/** Reads from `packet` how a client describes itself. Malformed parts are ignored. */
export function describeClient(packet: DhcpPacket): DhcpClient {
  const { options } = packet;
  const vendorClass = printable(options.get(OPTION.vendorClass));
  const userClass = printable(options.get(OPTION.userClass));
  const archs = archsOf(options.get(OPTION.architecture), vendorClass);
  const arch = archs.find((each) => hasLoader(firmwareOf(each))) ?? archs[0];
  const uuid = uuidOf(options.get(OPTION.machineId));
  // iPXE sends its user class without the length that RFC 3004 requires.
  const ipxe = userClass?.includes("iPXE") === true || options.has(OPTION.ipxe);
  const http = !ipxe && vendorClass?.startsWith("HTTPClient") === true;
  return {
    mac: macText(packet.chaddr),
    firmware: arch === undefined ? "unknown" : firmwareOf(arch),
    http,
    ipxe,
    boots: ipxe || http || vendorClass?.startsWith("PXEClient") === true,
    ...(arch === undefined ? {} : { arch }),
    archs,
    ...(vendorClass === undefined ? {} : { vendorClass }),
    ...(userClass === undefined ? {} : { userClass }),
    ...(uuid === undefined ? {} : { uuid }),
    ...(packet.giaddr === NO_ADDRESS ? {} : { relay: packet.giaddr }),
  };
}

/** Formats the hardware address `bytes` in lower case, with colons. */
export function macText(bytes: Uint8Array): string {
  return [...bytes].map(hex).join(":");
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function printable(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  const text = String.fromCharCode(...bytes.subarray(0, MAX_TEXT)).replace(/[^\x20-\x7e]/g, "");
  return text === "" ? undefined : text;
}

/**
 * Option 93 may name several (RFC 4578, section 2.1), the preferred one first; some firmware names it only in its
 * vendor class.
 */
function archsOf(bytes: Uint8Array | undefined, vendorClass: string | undefined): number[] {
  const archs: number[] = [];
  for (let at = 0; bytes !== undefined && at + 1 < bytes.length && archs.length < MAX_ARCHS; at += 2) {
    archs.push((bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0));
  }
  if (archs.length > 0) return archs;
  const stated = /^(?:PXE|HTTP)Client:Arch:(\d{5})/.exec(vendorClass ?? "")?.[1];
  return stated === undefined ? [] : [Number(stated)];
}

/** RFC 4578, section 2.3: a type, 0, and 16 bytes, of which the first three fields have the lowest byte first. */
function uuidOf(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined || bytes.length < 17 || bytes[0] !== 0) return undefined;
  const order = [4, 3, 2, 1, 6, 5, 8, 7, 9, 10, 11, 12, 13, 14, 15, 16];
  const digits = order.map((at) => hex(bytes[at] ?? 0)).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

import { readIpv4 } from "./ipv4.ts";
import { AT, type DhcpPacket, MAGIC_COOKIE, OPTION } from "./packet.ts";

/** The largest packet to read, in bytes; clients send a tenth of it. */
export const MAX_PACKET = 4096;

/** The result of {@link decodeDhcp}. */
export type DecodedDhcp = { readonly ok: true; readonly packet: DhcpPacket } | {
  readonly ok: false;
  readonly problem: string;
};

/**
 * Decodes `bytes`, a DHCP message from a network (RFC 2131; options by RFC 2132, overloaded and split ones by RFC
 * 3396). Never throws: the result has the problem. An option that is malformed by itself is ignored. BOOTP without
 * options is not DHCP.
 */
export function decodeDhcp(bytes: Uint8Array): DecodedDhcp {
  if (bytes.length < AT.options || bytes.length > MAX_PACKET) {
    return wrong(`Packet has ${bytes.length} bytes: expected ${AT.options} to ${MAX_PACKET}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const op = bytes[0];
  if (op !== 1 && op !== 2) return wrong(`op is ${op}: expected 1 (request) or 2 (reply)`);
  const hlen = view.getUint8(2);
  if (hlen > 16) return wrong(`hlen is ${hlen}: expected at most 16`);
  if (view.getUint32(AT.cookie) !== MAGIC_COOKIE) return wrong("Options do not start with DHCP's magic cookie");
  const found = readAllOptions(bytes);
  return {
    ok: true,
    packet: {
      op,
      htype: view.getUint8(1),
      hops: view.getUint8(3),
      xid: view.getUint32(4),
      secs: view.getUint16(8),
      flags: view.getUint16(10),
      ciaddr: readIpv4(bytes, 12),
      yiaddr: readIpv4(bytes, 16),
      siaddr: readIpv4(bytes, 20),
      giaddr: readIpv4(bytes, 24),
      chaddr: bytes.slice(AT.chaddr, AT.chaddr + hlen),
      sname: (found.overload & 2) === 0 ? textUntilNul(snameOf(bytes)) : "",
      file: (found.overload & 1) === 0 ? textUntilNul(fileOf(bytes)) : "",
      options: found.options,
    },
  };
}

function wrong(problem: string): DecodedDhcp {
  return { ok: false, problem };
}

const snameOf = (bytes: Uint8Array) => bytes.subarray(AT.sname, AT.file);
const fileOf = (bytes: Uint8Array) => bytes.subarray(AT.file, AT.cookie);

function textUntilNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return String.fromCharCode(...(end === -1 ? bytes : bytes.subarray(0, end)));
}

/**
 * Reads the options field, then `file`, then `sname`, in this order (RFC 3396, section 5), as option 52 says. Values of
 * option 52 other than 1, 2 and 3 are ignored.
 */
function readAllOptions(
  bytes: Uint8Array,
): { readonly options: Map<number, Uint8Array>; readonly overload: number } {
  const parts = new Map<number, Uint8Array[]>();
  readOptions(bytes.subarray(AT.options), parts);
  const stated = parts.get(OPTION.overload)?.[0]?.[0] ?? 0;
  const overload = stated <= 3 ? stated : 0;
  if ((overload & 1) !== 0) readOptions(fileOf(bytes), parts);
  if ((overload & 2) !== 0) readOptions(snameOf(bytes), parts);
  parts.delete(OPTION.overload); // inside an overloaded field it means nothing
  return { options: new Map([...parts].map(([code, pieces]) => [code, joined(pieces)])), overload };
}

/**
 * Adds the options of one field. A field may lack option 255 at its end, as with some clients. An option that exceeds
 * its field is left out with everything after it.
 */
function readOptions(area: Uint8Array, parts: Map<number, Uint8Array[]>): void {
  let at = 0;
  while (at < area.length) {
    const code = area[at++];
    if (code === undefined || code === OPTION.end) return;
    if (code === OPTION.pad) continue;
    const length = area[at++];
    if (length === undefined || at + length > area.length) return;
    const piece = area.slice(at, at + length);
    const known = parts.get(code);
    if (known === undefined) parts.set(code, [piece]);
    else known.push(piece);
    at += length;
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return only;
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

import { ipv4Bytes } from "./ipv4.ts";
import { AT, type DhcpPacket, MAGIC_COOKIE, OPTION } from "./packet.ts";

/** BOOTP's least size (RFC 1542, section 2.1): relays may drop what is shorter. */
const MIN_PACKET = 300;

/** What every client takes (RFC 2131, section 2): 576 bytes, 28 of them for the headers of IPv4 and UDP. */
export const COMMON_MAX_SIZE = 548;

/** The longest that goes into `file` and `sname`, in bytes: a NUL follows. */
export const MAX_FILE = 127;
export const MAX_SNAME = 63;

/** One option, or a part of one, as it is written. */
interface Piece {
  readonly code: number;
  readonly data: Uint8Array;
}

/**
 * A DHCP message as bytes, padded to 300. Options over 255 bytes are split (RFC 3396); what does not fit into the options'
 * own field goes into `file` and `sname` where these are empty (option 52), but for option 82, which may not (RFC 3046,
 * section 2.2).
 *
 * @param maxSize The most bytes; below 300 it means 300.
 * @returns undefined when it does not fit.
 * @throws {RangeError} When a field can't be written: an address that is none, a text that is too long.
 */
export function encodeDhcp(packet: DhcpPacket, maxSize: number = COMMON_MAX_SIZE): Uint8Array | undefined {
  if (packet.chaddr.length > 16) {
    throw new RangeError(`Cannot write ${packet.chaddr.length} bytes of chaddr: at most 16`);
  }
  const bytes = new Uint8Array(Math.max(maxSize, MIN_PACKET));
  const view = new DataView(bytes.buffer);
  view.setUint8(0, packet.op);
  view.setUint8(1, packet.htype);
  view.setUint8(2, packet.chaddr.length);
  view.setUint8(3, packet.hops);
  view.setUint32(4, packet.xid);
  view.setUint16(8, packet.secs);
  view.setUint16(10, packet.flags);
  [packet.ciaddr, packet.yiaddr, packet.siaddr, packet.giaddr].forEach((address, n) => {
    bytes.set(ipv4Bytes(address), 12 + 4 * n);
  });
  bytes.set(packet.chaddr, AT.chaddr);
  bytes.set(latin1(packet.sname, MAX_SNAME), AT.sname);
  bytes.set(latin1(packet.file, MAX_FILE), AT.file);
  view.setUint32(AT.cookie, MAGIC_COOKIE);
  const length = writeOptions(bytes, packet);
  return length === undefined ? undefined : bytes.slice(0, Math.max(length, MIN_PACKET));
}

/** @returns The length of the whole packet; undefined when the options do not fit. */
function writeOptions(bytes: Uint8Array, packet: DhcpPacket): number | undefined {
  const pieces: Piece[] = [];
  const last: Piece[] = []; // a relay finds its own at the end
  for (const [code, value] of packet.options) {
    if (code === OPTION.overload) continue; // said below, where it is true
    (code === OPTION.relayAgent ? last : pieces).push(...piecesOf(code, value));
  }
  const lastSize = sizeOf(last);
  const room = bytes.length - lastSize;
  if (room <= AT.options) return undefined;
  const fits = sizeOf(pieces) + 1 <= room - AT.options;
  const main = createField(bytes.subarray(AT.options, fits ? room : room - OVERLOAD_SIZE));
  const file = createField(bytes.subarray(AT.file, packet.file === "" ? AT.cookie : AT.file));
  const sname = createField(bytes.subarray(AT.sname, packet.sname === "" ? AT.file : AT.sname));
  const fields = [main, file, sname]; // in the order in which they are read
  let field = 0;
  for (const piece of pieces) {
    while (fields[field]?.add(piece) === false) field++;
    if (field === fields.length) return undefined;
  }
  for (const extra of [file, sname]) if (extra.used() > 0) extra.end();
  const overload = (file.used() > 0 ? 1 : 0) + (sname.used() > 0 ? 2 : 0);
  const rest = createField(bytes.subarray(AT.options + main.used()));
  if (overload > 0) rest.add({ code: OPTION.overload, data: Uint8Array.of(overload) });
  for (const piece of last) rest.add(piece);
  rest.end();
  return AT.options + main.used() + rest.used() + 1;
}

/** Bytes of option 52. */
const OVERLOAD_SIZE = 3;

/** A field that options are put into. Its last byte is for option 255. */
interface Field {
  /** Bytes that are taken, without option 255. */
  used(): number;
  /** false when there is no room. */
  add(piece: Piece): boolean;
  /** Writes option 255. */
  end(): void;
}

function createField(area: Uint8Array): Field {
  let at = 0;
  return {
    used: () => at,
    add({ code, data }) {
      if (at + 2 + data.length >= area.length) return false;
      area[at] = code;
      area[at + 1] = data.length;
      area.set(data, at + 2);
      at += 2 + data.length;
      return true;
    },
    end() {
      area[at] = OPTION.end;
    },
  };
}

function sizeOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { data }) => sum + 2 + data.length, 0);
}

function piecesOf(code: number, value: Uint8Array): Piece[] {
  const pieces = [{ code, data: value.subarray(0, 255) }];
  for (let at = 255; at < value.length; at += 255) pieces.push({ code, data: value.subarray(at, at + 255) });
  return pieces;
}

/** A character a byte. */
function latin1(text: string, most: number): Uint8Array {
  if (text.length > most || text.includes("\0") || /[^\0-\u00ff]/.test(text)) {
    throw new RangeError(
      `Cannot write "${text}" into a packet: expected at most ${most} characters of Latin-1, none NUL`,
    );
  }
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

import { ipv4Bytes } from "./ipv4.ts";
import { AT, type DhcpPacket, MAGIC_COOKIE, OPTION } from "./packet.ts";

/** The smallest BOOTP message (RFC 1542, section 2.1), in bytes: relays may drop shorter ones. */
const MIN_PACKET = 300;

/** The size that every client accepts (RFC 2131, section 2): 576 bytes, of which 28 are headers of IPv4 and UDP. */
export const COMMON_MAX_SIZE = 548;

/** The longest text in `file` and `sname`, in bytes: a NUL follows. */
export const MAX_FILE = 127;
export const MAX_SNAME = 63;

/** One option, or a part of one, as written. */
interface Piece {
  readonly code: number;
  readonly data: Uint8Array;
}

/**
 * Encodes `packet`, padded to 300 bytes. Options that do not fit into the options field go into `file` and `sname` if
 * these are empty (option 52), except option 82, which may not (RFC 3046, section 2.2). Options over 255 bytes are
 * split, and others if they fit in no other way (RFC 3396).
 *
 * @param maxSize The largest size in bytes; below 300 it means 300.
 * @returns Undefined if it does not fit.
 * @throws {RangeError} If a field cannot be written: an invalid address, or a text that is too long.
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

/** @returns The length of the whole packet; undefined if the options do not fit. */
function writeOptions(bytes: Uint8Array, packet: DhcpPacket): number | undefined {
  const options = [...packet.options].filter(([code]) => code !== OPTION.overload); // added below, with the right value
  const isLast = ([code]: readonly [number, Uint8Array]) => code === OPTION.relayAgent; // a relay finds its own option at the end
  const last = options.filter(isLast).flatMap(([code, value]) => piecesOf(code, value));
  const others = options.filter((option) => !isLast(option));
  const pieces = others.flatMap(([code, value]) => piecesOf(code, value));
  const room = bytes.length - sizeOf(last);
  const fits = sizeOf(pieces) + 1 <= room - AT.options;
  if (room <= AT.options + (fits ? 0 : OVERLOAD_SIZE)) return undefined;
  const areas = [
    bytes.subarray(AT.options, fits ? room : room - OVERLOAD_SIZE),
    bytes.subarray(AT.file, packet.file === "" ? AT.cookie : AT.file),
    bytes.subarray(AT.sname, packet.sname === "" ? AT.file : AT.sname),
  ];
  const placed = place(others, areas, false) ?? place(others, areas, true);
  if (placed === undefined) return undefined;
  const [main = 0, file = 0, sname = 0] = placed.map((inside, n) => writeField(areas[n] ?? new Uint8Array(), inside));
  const overload = (file > 0 ? 1 : 0) + (sname > 0 ? 2 : 0);
  const start = AT.options + main;
  const rest = overload > 0 ? [{ code: OPTION.overload, data: Uint8Array.of(overload) }, ...last] : last;
  const end = start + writeField(bytes.subarray(start), rest);
  bytes[end] = OPTION.end;
  return end + 1;
}

/** Size of option 52, in bytes. */
const OVERLOAD_SIZE = 3;

/**
 * Finds places for options in fields, in the order in which fields are read.
 *
 * @param splits Whether options may be split if they do not fit as a whole.
 * @returns The content of each field; undefined if there is no room.
 */
function place(
  options: readonly (readonly [number, Uint8Array])[],
  areas: readonly Uint8Array[],
  splits: boolean,
): Piece[][] | undefined {
  const fields = areas.map((area) => ({ pieces: [] as Piece[], left: Math.max(0, area.length - 1) })); // option 255 follows
  for (const [code, value] of options) {
    let field = 0; // the parts of one option follow each other
    for (let pieces = piecesOf(code, value); pieces.length > 0;) {
      const [piece, ...more] = pieces;
      const into = fields[field];
      if (piece === undefined || into === undefined) return undefined;
      const size = sizeOf([piece]);
      const fitting = into.left - (size - piece.data.length);
      if (size <= into.left) {
        into.pieces.push(piece);
        into.left -= size;
        pieces = more;
      } else if (splits && fitting > 0) {
        into.pieces.push({ code, data: piece.data.subarray(0, fitting) });
        into.left = 0;
        pieces = [{ code, data: piece.data.subarray(fitting) }, ...more];
        field++;
      } else {
        field++;
      }
    }
  }
  return fields.map(({ pieces }) => pieces);
}

/** @returns The number of bytes written, without option 255. */
function writeField(area: Uint8Array, pieces: readonly Piece[]): number {
  let at = 0;
  for (const piece of pieces) {
    area[at] = piece.code;
    area[at + 1] = piece.data.length;
    area.set(piece.data, at + 2);
    at += sizeOf([piece]); // skipped bytes are 0, which is option 0 (pad)
  }
  if (at > 0) area[at] = OPTION.end;
  return at;
}

/** Old ROMs read these as texts up to a NUL, whatever their length says: a following option 0 (pad) is one. */
const TEXTS: ReadonlySet<number> = new Set([OPTION.tftpServer, OPTION.bootFile]);

function sizeOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { code, data }) => sum + 2 + data.length + (TEXTS.has(code) ? 1 : 0), 0);
}

function piecesOf(code: number, value: Uint8Array): Piece[] {
  const pieces = [{ code, data: value.subarray(0, 255) }];
  for (let at = 255; at < value.length; at += 255) pieces.push({ code, data: value.subarray(at, at + 255) });
  return pieces;
}

/** Encodes one byte for each character. */
function latin1(text: string, most: number): Uint8Array {
  if (text.length > most || text.includes("\0") || /[^\0-\u00ff]/.test(text)) {
    throw new RangeError(
      `Cannot write "${text}" into a packet: expected at most ${most} characters of Latin-1, none NUL`,
    );
  }
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

import type { TftpOptions } from "./packet.ts";

/** RFC 1350: the size of a block, in bytes, unless negotiated. */
const DEFAULT_BLOCK = 512;
/** RFC 2348: the largest block, in bytes. */
const LARGEST_BLOCK = 65_464;
/** Size of the headers of IPv4, UDP and TFTP, in bytes. */
const HEADERS = 32;
/** The largest block that is not fragmented on Ethernet, in bytes. */
export const ETHERNET_BLOCK = 1500 - HEADERS;
/** The largest window, in blocks: more gains nothing in a machine room, and a slow ROM drops them. */
const MAX_WINDOW = 16;
/** Seconds before something is sent again. */
const DEFAULT_TIMEOUT = 1;
const MAX_TIMEOUT = 10;

/** The parameters of a transfer. */
export interface Agreement {
  /** Size of a block in bytes: at least 8. */
  readonly blockSize: number;
  /** Number of blocks sent before an acknowledgement: 1 to 16. */
  readonly window: number;
  /** Milliseconds before something is sent again, the first time. */
  readonly timeout: number;
  /** The options for the client; undefined if it requested none that are known, so that it gets none (RFC 2347). */
  readonly accepted: TftpOptions | undefined;
}

/**
 * Returns the largest block that an interface sends without fragmentation. @param mtu Bytes of a packet with all
 * headers.
 */
export function blockFor(mtu: number): number {
  return Math.min(Math.max(mtu - HEADERS, DEFAULT_BLOCK), LARGEST_BLOCK);
}

/**
 * Negotiates the options that a client has `asked` for: blksize (RFC 2348), tsize and timeout (RFC 2349), windowsize
 * (RFC 7440). A value above the server's limit becomes that limit; invalid values and unknown options are ignored.
 *
 * @param size Bytes of the file. @param maxBlock Largest block in bytes.
 */
export function negotiate(asked: TftpOptions, size: number, maxBlock: number): Agreement {
  const accepted = new Map<string, string>();
  const blockSize = numberIn(asked.get("blksize"), 8, LARGEST_BLOCK);
  if (blockSize !== undefined) accepted.set("blksize", String(Math.min(blockSize, maxBlock)));
  const timeout = numberIn(asked.get("timeout"), 1, MAX_TIMEOUT); // the server must not change it: this value or none
  if (timeout !== undefined) accepted.set("timeout", String(timeout));
  if (numberIn(asked.get("tsize"), 0, Number.MAX_SAFE_INTEGER) !== undefined) accepted.set("tsize", String(size));
  const window = numberIn(asked.get("windowsize"), 1, 65_535);
  if (window !== undefined) accepted.set("windowsize", String(Math.min(window, MAX_WINDOW)));
  return {
    blockSize: Math.min(blockSize ?? DEFAULT_BLOCK, maxBlock),
    window: Math.min(window ?? 1, MAX_WINDOW),
    timeout: (timeout ?? DEFAULT_TIMEOUT) * 1000,
    accepted: accepted.size === 0 ? undefined : accepted,
  };
}

function numberIn(text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const number = Number(text);
  return number >= least && number <= most ? number : undefined;
}

import type { TftpOptions } from "./packet.ts";

/** RFC 1350: a block has 512 bytes unless something else was agreed on. */
const DEFAULT_BLOCK = 512;
/** RFC 2348: the largest block. */
const LARGEST_BLOCK = 65_464;
/** Bytes of the headers of IPv4, UDP and TFTP. */
const HEADERS = 32;
/** What goes through an Ethernet without being cut up. */
export const ETHERNET_BLOCK = 1500 - HEADERS;
/** Blocks in flight: more than that gains nothing in a machine room, and a slow ROM drops them. */
const MAX_WINDOW = 16;
/** Seconds before something is sent again. */
const DEFAULT_TIMEOUT = 1;
const MAX_TIMEOUT = 10;

/** How a transfer is to go. */
export interface Agreement {
  /** Bytes in a block: at least 8. */
  readonly blockSize: number;
  /** Blocks that are sent before an acknowledgement is awaited: 1 to 16. */
  readonly window: number;
  /** Milliseconds before something is sent again, the first time. */
  readonly timeout: number;
  /** What is told to the client; undefined when it asked for nothing that we know, and gets none (RFC 2347). */
  readonly accepted: TftpOptions | undefined;
}

/** The largest block that goes through an interface without being cut up. @param mtu Bytes of a packet with all its headers. */
export function blockFor(mtu: number): number {
  return Math.min(Math.max(mtu - HEADERS, DEFAULT_BLOCK), LARGEST_BLOCK);
}

/**
 * Agrees to what a client asks for: blksize (RFC 2348), tsize and timeout (RFC 2349), windowsize (RFC 7440). A value that is
 * larger than what we do becomes what we do; one that makes no sense is as if it were not there, and so are options that
 * nobody knows.
 *
 * @param size Bytes of the file. @param maxBlock Bytes of the largest block that is agreed to.
 */
export function negotiate(asked: TftpOptions, size: number, maxBlock: number): Agreement {
  const accepted = new Map<string, string>();
  const blockSize = numberIn(asked.get("blksize"), 8, LARGEST_BLOCK);
  if (blockSize !== undefined) accepted.set("blksize", String(Math.min(blockSize, maxBlock)));
  const timeout = numberIn(asked.get("timeout"), 1, MAX_TIMEOUT); // not ours to change: it is this or nothing
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

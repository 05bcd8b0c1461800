import { Buffer } from "node:buffer";
import type { Socket } from "node:net";

/** Checks packets as they stream by. */
export interface PacketGate {
  /**
   * Checks the next bytes of the stream. @returns False once a packet is too long, its length is malformed, or the
   * first packet is not a CONNECT.
   */
  admits(bytes: Uint8Array): boolean;
  /** Whether the next byte is the first one of a packet. */
  readonly isBetween: boolean;
  /** Whether the client's first packet is still expected. */
  readonly isFirst: boolean;
}

/** The largest size of a packet after its length field. */
export interface PacketLimits {
  readonly first: number;
  readonly max: number;
}

/** The first byte of a CONNECT. */
const CONNECT = 0x10;

/**
 * Creates a check of the sizes that MQTT packets announce (MQTT 3.1.1, section 2.2.3), which stores no packets: aedes
 * itself would collect up to 256 MiB of a packet before it checks it.
 *
 * @param limits Largest bodies in bytes: `first` of the first packet, which must be a CONNECT (section 3.1.0), `max` of
 *   the others.
 */
export function createPacketGate({ first, max }: PacketLimits): PacketGate {
  let isFirst = true;
  let left = 0; // remaining bytes of the present body
  let length = 0;
  let digit = -1; // position in the length field; -1 while a packet's first byte is expected
  function admits(bytes: Uint8Array): boolean {
    let at = 0;
    while (at < bytes.length) {
      if (left > 0) {
        const passed = Math.min(left, bytes.length - at);
        left -= passed;
        at += passed;
        if (left === 0) digit = -1;
        continue;
      }
      const byte = bytes[at++] ?? 0;
      if (digit === -1) {
        if (isFirst && byte !== CONNECT) return false;
        digit = 0;
        length = 0;
        continue;
      }
      length += (byte & 0x7f) * 128 ** digit++;
      if (length > (isFirst ? first : max) || digit > 4) return false;
      if (byte >= 0x80) {
        if (digit === 4) return false;
        continue;
      }
      isFirst = false;
      left = length;
      if (left === 0) digit = -1;
    }
    return true;
  }
  return {
    admits,
    get isBetween() {
      return digit === -1;
    },
    get isFirst() {
      return isFirst;
    },
  };
}

/**
 * Puts a {@link createPacketGate} before a reader that calls `read()` on a socket, as aedes does: the socket is destroyed as
 * soon as the client announces a packet that it must not send.
 *
 * @param sieve Sees bytes that begin with a packet first. It returns what is left of them for the reader.
 *
 * Each `read()` gives all that has arrived. aedes reads once for each "readable" event; on Deno the next one comes only
 * after a read that found nothing, without which a packet of more than some 64 KiB would never be complete.
 */
export function gateSocket(
  socket: Socket,
  limits: PacketLimits,
  sieve: (bytes: Uint8Array) => Uint8Array | undefined,
): Socket {
  const gate = createPacketGate(limits);
  const read = socket.read.bind(socket);
  socket.read = (size?: number): unknown => {
    const chunks: Uint8Array[] = [];
    for (let chunk: unknown = read(size); chunk instanceof Uint8Array; chunk = read()) {
      const { isBetween } = gate;
      if (!gate.admits(chunk)) {
        const why = gate.isFirst
          ? `First packet is no CONNECT of at most ${limits.first} bytes`
          : `Packet is larger than ${limits.max} bytes`;
        socket.destroy(new Error(why));
        return null;
      }
      const left = isBetween ? sieve(chunk) : chunk;
      if (left !== undefined) chunks.push(left);
    }
    return chunks.length > 1 ? Buffer.concat(chunks) : chunks[0] ?? null;
  };
  return socket;
}

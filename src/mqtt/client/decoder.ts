import { decodeOversized, decodePacket, malformed, packetTypeOf } from "./decode.ts";
import type { ServerPacket } from "./packets.ts";

/** Decodes packets from a stream of bytes, in chunks of any size. */
export interface PacketDecoder {
  /**
   * Returns the packets that these bytes complete. Payloads may be views of the bytes, not copies.
   *
   * @throws {MalformedPacketError} If the stream is invalid; it can't be read any further.
   */
  push(chunk: Uint8Array): Generator<ServerPacket, void>;
}

/** A packet whose body is not complete yet. */
interface Started {
  readonly first: number;
  readonly length: number;
  /** The kept part of the body: all of it, or the beginning of a body that exceeds the limit. */
  readonly kept: Uint8Array;
  /** Bytes of the body that were read. */
  read: number;
}

/**
 * Creates a decoder for packets from a server (MQTT 3.1.1, section 2).
 *
 * @param limit The longest packet that is read completely, in bytes after its fixed header; the decoder never holds more.
 * A longer PUBLISH becomes an `oversized` packet, a longer packet of another type an error.
 */
export function createPacketDecoder(limit: number): PacketDecoder {
  let header: number[] = [];
  let started: Started | undefined;

  /** Reads a byte of the fixed header. @returns The remaining length, once it is known (section 2.2.3). */
  function takeHeader(byte: number): number | undefined {
    if (header.length === 0) packetTypeOf(byte); // what is no MQTT is seen at its first byte
    header.push(byte);
    if (header.length === 1 || (byte & 0x80) !== 0) {
      if (header.length > 4) throw malformed("a remaining length of more than four bytes", "at most four");
      return undefined;
    }
    return header.slice(1).reduceRight((length, digit) => (length << 7) | (digit & 0x7f), 0);
  }

  function finish({ first, length, kept }: Started): ServerPacket {
    started = undefined;
    return length > limit ? decodeOversized(first, kept, length) : decodePacket(first, kept);
  }

  return {
    *push(chunk) {
      let at = 0;
      while (at < chunk.length) {
        if (started === undefined) {
          const length = takeHeader(chunk[at++] ?? 0);
          if (length === undefined) continue;
          const first = header[0] ?? 0;
          header = [];
          if (length <= limit && at + length <= chunk.length) {
            const body = chunk.subarray(at, at + length);
            at += length;
            yield decodePacket(first, body);
            continue;
          }
          started = { first, length, kept: new Uint8Array(Math.min(length, limit)), read: 0 };
        }
        const count = Math.min(started.length - started.read, chunk.length - at);
        if (started.read < started.kept.length) {
          const room = started.kept.length - started.read;
          started.kept.set(chunk.subarray(at, at + Math.min(count, room)), started.read);
        }
        started.read += count;
        at += count;
        if (started.read === started.length) yield finish(started);
      }
    },
  };
}

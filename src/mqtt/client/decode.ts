import { type OversizedPacket, PACKET_TYPES, type PublishPacket, type ServerPacket } from "./packets.ts";

/** Bytes that are not a valid packet from a server to a client that uses QoS 0 and 1. */
export class MalformedPacketError extends Error {
  override readonly name = "MalformedPacketError";
}

/** Packets that a server may send. */
type ServerType = Exclude<ServerPacket["type"], "oversized">;

/** Packet types by their numbers (section 2.2.1). */
const TYPES: { readonly [number: number]: ServerType } = {
  [PACKET_TYPES.connack]: "connack",
  [PACKET_TYPES.publish]: "publish",
  [PACKET_TYPES.puback]: "puback",
  [PACKET_TYPES.suback]: "suback",
  [PACKET_TYPES.pingresp]: "pingresp",
};

/**
 * Returns the type of a packet from its first byte (section 2.2).
 *
 * @throws {MalformedPacketError} If a server must not send it, or not with these flags.
 */
export function packetTypeOf(first: number): ServerType {
  const type = TYPES[first >> 4];
  if (type === undefined) {
    throw malformed(`packet type ${first >> 4}`, "CONNACK, PUBLISH, PUBACK, SUBACK or PINGRESP");
  }
  const qos = (first >> 1) & 0b11;
  if (type === "publish") {
    if (qos > 1) throw malformed(`PUBLISH with QoS ${qos}`, "0 or 1, as requested");
  } else if ((first & 0x0f) !== 0) {
    // Section 2.2.2: they are fixed.
    throw malformed(`packet type ${first >> 4} with flags ${first & 0x0f}`, "no flags");
  }
  return type;
}

/**
 * Decodes the part of a packet after its fixed header.
 *
 * @param first The first byte: type and flags (section 2.2).
 * @param body The complete rest of the packet. Payloads are views of it, not copies.
 * @throws {MalformedPacketError}
 */
export function decodePacket(first: number, body: Uint8Array): ServerPacket {
  const type = packetTypeOf(first);
  switch (type) {
    case "publish": {
      const { payloadAt, ...head } = publishHead(first, body);
      return { type, ...head, payload: body.subarray(payloadAt) };
    }
    case "connack": {
      expectLength("CONNACK", body, 2);
      const [flags = 0, code = 0] = body;
      if (flags > 1) throw malformed(`CONNACK with flags ${flags}`, "0 or 1");
      return { type, sessionPresent: flags === 1, code };
    }
    case "puback":
      expectLength("PUBACK", body, 2);
      return { type, id: packetId(body, 0) };
    case "suback": {
      if (body.length < 3) throw malformed(`SUBACK of ${body.length} bytes`, "at least 3");
      const codes = [...body.subarray(2)];
      // Section 3.9.3: others are reserved.
      const wrong = codes.find((code) => code > 2 && code !== 128);
      if (wrong !== undefined) throw malformed(`SUBACK with return code ${wrong}`, "0, 1, 2 or 128");
      return { type, id: packetId(body, 0), codes };
    }
    case "pingresp":
      expectLength("PINGRESP", body, 0);
      return { type };
    default:
      return type satisfies never;
  }
}

/**
 * Decodes the beginning of a packet that exceeds a limit.
 *
 * @param beginning The first bytes after the fixed header.
 * @param length Length of everything after the fixed header, in bytes.
 * @throws {MalformedPacketError} If it is not a PUBLISH, or is too short for its topic.
 */
export function decodeOversized(first: number, beginning: Uint8Array, length: number): OversizedPacket {
  if (packetTypeOf(first) !== "publish") {
    throw malformed(`packet type ${first >> 4} of ${length} bytes`, "a short packet");
  }
  const { topic, id } = publishHead(first, beginning);
  return { type: "oversized", topic, length, ...(id !== undefined && { id }) };
}

/** Flags and variable header of PUBLISH (sections 3.3.1 and 3.3.2). */
function publishHead(
  first: number,
  body: Uint8Array,
): Pick<PublishPacket, "topic" | "retain" | "id"> & { readonly payloadAt: number } {
  const topicEnd = 2 + uint16(body, 0);
  if (body.length < topicEnd) throw malformed(`PUBLISH with a topic beyond its end`, `${topicEnd} bytes or more`);
  const topic = text(body.subarray(2, topicEnd));
  if (topic === "" || /[+#]/.test(topic)) throw malformed("PUBLISH with an empty topic or wildcards", "a topic name");
  const retain = (first & 1) === 1;
  if ((first & 0b10) === 0) return { topic, retain, payloadAt: topicEnd };
  return { topic, retain, id: packetId(body, topicEnd), payloadAt: topicEnd + 2 };
}

/** Section 1.5.3: well-formed UTF-8 without U+0000; U+FEFF stays where it is. */
function text(bytes: Uint8Array): string {
  let value: string;
  try {
    value = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed("a topic that is not UTF-8", "UTF-8");
  }
  if (value.includes("\0")) throw malformed("a topic with U+0000", "a topic name");
  return value;
}

function packetId(body: Uint8Array, at: number): number {
  const id = uint16(body, at);
  if (id === 0) throw malformed("a packet identifier of 0", "1 to 65535");
  return id;
}

function uint16(body: Uint8Array, at: number): number {
  const [high, low] = [body[at], body[at + 1]];
  if (high === undefined || low === undefined) throw malformed(`a packet of ${body.length} bytes`, "more");
  return (high << 8) | low;
}

function expectLength(name: string, body: Uint8Array, length: number): void {
  if (body.length !== length) throw malformed(`${name} of ${body.length} bytes`, `${length}`);
}

/** Creates the error for an unexpected value. */
export function malformed(what: string, expected: string): MalformedPacketError {
  return new MalformedPacketError(`The broker sends ${what}: expected ${expected}`);
}

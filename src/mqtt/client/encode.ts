import { type ClientPacket, type ConnectPacket, MAX_REMAINING_LENGTH, PACKET_TYPES } from "./packets.ts";

const utf8 = new TextEncoder();

/**
 * Encodes a packet (MQTT 3.1.1, sections 2 and 3).
 *
 * @throws {RangeError} If a text, a will or the packet is too long for the protocol, a number is out of range, or there is a
 * password without a user name.
 */
export function encodePacket(packet: ClientPacket): Uint8Array {
  switch (packet.type) {
    case "connect":
      return assemble(PACKET_TYPES.connect, 0, connectBody(packet));
    case "publish": {
      const { topic, payload, retain, id } = packet;
      // Section 3.3.1: QoS in bits 1 and 2, RETAIN in bit 0. DUP is never set, because nothing is sent again.
      const flags = (id === undefined ? 0 : 0b10) | (retain ? 1 : 0);
      const head = text("topic", topic);
      return assemble(PACKET_TYPES.publish, flags, id === undefined ? [head, payload] : [head, packetId(id), payload]);
    }
    case "puback":
      return assemble(PACKET_TYPES.puback, 0, [packetId(packet.id)]);
    case "subscribe": {
      // Section 3.8.3: pairs of a filter and its requested QoS, at least one.
      if (packet.filters.length === 0) throw new RangeError("Cannot subscribe without a filter: expected at least one");
      const filters = packet.filters.flatMap((filter) => [text("filter", filter), Uint8Array.of(1)]);
      return assemble(PACKET_TYPES.subscribe, 0b0010, [packetId(packet.id), ...filters]);
    }
    case "pingreq":
    case "disconnect":
      return assemble(PACKET_TYPES[packet.type], 0, []);
    default:
      return packet satisfies never;
  }
}

/** Variable header and payload of CONNECT (sections 3.1.2 and 3.1.3). */
function connectBody({ clientId, keepalive, username, password, will }: ConnectPacket): Uint8Array[] {
  if (password !== undefined && username === undefined) {
    throw new RangeError("Cannot connect with a password and no user name");
  }
  const flags = 0b10 | // clean session
    (will === undefined ? 0 : 0b10_1100) | // will flag, will QoS 1, will retain
    (password === undefined ? 0 : 0b0100_0000) |
    (username === undefined ? 0 : 0b1000_0000);
  return [
    text("protocol name", "MQTT"),
    Uint8Array.of(4, flags),
    uint16("keep-alive", keepalive),
    text("client id", clientId),
    ...(will === undefined ? [] : [text("will topic", will.topic), binary("will", will.payload)]),
    ...(username === undefined ? [] : [text("user name", username)]),
    ...(password === undefined ? [] : [text("password", password)]),
  ];
}

/** Puts the fixed header (section 2.2) before the rest of a packet. */
function assemble(type: number, flags: number, parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > MAX_REMAINING_LENGTH) {
    throw new RangeError(`Cannot encode a packet of ${length} bytes: expected at most ${MAX_REMAINING_LENGTH}`);
  }
  const header = [(type << 4) | flags, ...remainingLength(length)];
  const bytes = new Uint8Array(header.length + length);
  bytes.set(header);
  let at = header.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Seven bits a byte, the lowest first (section 2.2.3). */
function remainingLength(length: number): number[] {
  const digits: number[] = [];
  let rest = length;
  do {
    digits.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>= 7;
  } while (rest > 0);
  return digits;
}

/** A text with its length before it (section 1.5.3). */
function text(what: string, value: string): Uint8Array {
  return binary(what, utf8.encode(value));
}

function binary(what: string, value: Uint8Array): Uint8Array {
  if (value.length > 0xffff) {
    throw new RangeError(`Cannot encode a ${what} of ${value.length} bytes: expected at most 65535`);
  }
  const bytes = new Uint8Array(2 + value.length);
  bytes.set([value.length >> 8, value.length & 0xff]);
  bytes.set(value, 2);
  return bytes;
}

/** A packet identifier is never 0 (section 2.3.1). */
function packetId(id: number): Uint8Array {
  if (id === 0) throw new RangeError("Cannot encode a packet identifier of 0: expected 1 to 65535");
  return uint16("packet identifier", id);
}

function uint16(what: string, value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff) {
    throw new RangeError(`Cannot encode a ${what} of ${value}: expected a whole number, at most 65535`);
  }
  return Uint8Array.of(value >> 8, value & 0xff);
}

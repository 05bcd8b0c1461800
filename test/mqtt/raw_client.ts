import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";

/** An MQTT client that does exactly what it is told, byte by byte. */
export interface RawClient {
  readonly socket: Socket;
  /** Everything that the broker has sent. */
  readonly received: () => Buffer;
  readonly closed: () => boolean;
}

/** Connects to a port of this machine and sends bytes. */
export function rawClient(port: number, ...packets: readonly Uint8Array[]): RawClient {
  const socket = connect(port, "127.0.0.1");
  let received: Buffer = Buffer.alloc(0);
  let closed = false;
  socket.on("data", (chunk: Buffer) => received = Buffer.concat([received, chunk]));
  socket.on("error", () => {});
  socket.on("close", () => closed = true);
  for (const packet of packets) socket.write(packet);
  return { socket, received: () => received, closed: () => closed };
}

/** A CONNECT packet (MQTT 3.1.1, section 3.1). @param keepalive In seconds, at most 255; 0 is never. */
export function connectPacket(clientId: string, clean = true, keepalive = 0): Uint8Array {
  const head = [...text("MQTT"), 4, clean ? 2 : 0, 0, keepalive];
  return packet(0x10, Buffer.from([...head, ...text(clientId)]));
}

/** A SUBSCRIBE packet with QoS 1 (section 3.8). */
export function subscribePacket(topic: string): Uint8Array {
  return packet(0x82, Buffer.from([0, 1, ...text(topic), 1]));
}

/** A PUBLISH packet (section 3.3). */
export function publishPacket(topic: string, payload: Uint8Array, qos: 1 | 2 = 1, retain = false): Uint8Array {
  return packet(0x30 | (qos << 1) | Number(retain), Buffer.concat([Buffer.from([...text(topic), 0, 2]), payload]));
}

/** The first byte and the length of a packet, without its body. */
export function packetHead(first: number, length: number): Uint8Array {
  const bytes = [first];
  let left = length;
  do {
    const digit = left % 128;
    left = Math.floor(left / 128);
    bytes.push(left > 0 ? digit | 0x80 : digit);
  } while (left > 0);
  return Uint8Array.from(bytes);
}

function packet(first: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([packetHead(first, body.length), body]);
}

function text(value: string): number[] {
  const bytes = Buffer.from(value);
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
}

import type { Socket } from "node:net";
import { Duplex } from "node:stream";

/**
 * Watches the sizes that MQTT packets announce (MQTT 3.1.1, section 2.2.3) as they stream by, without keeping any of
 * them: aedes itself would gather a packet of up to 256 MiB before it looks at it.
 *
 * @returns Takes the next bytes of the stream; false once a packet is longer than `maxBytes` or its length is malformed.
 */
export function createPacketGate(maxBytes: number): (bytes: Uint8Array) => boolean {
  let left = 0; // of the body that is being passed over
  let length = 0;
  let digit = -1; // place in the length that is being read; -1 while a packet's first byte is awaited
  return (bytes) => {
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
        digit = 0;
        length = 0;
        continue;
      }
      length += (byte & 0x7f) * 128 ** digit++;
      if (length > maxBytes || digit > 4) return false;
      if (byte >= 0x80) {
        if (digit === 4) return false;
        continue;
      }
      left = length;
      if (left === 0) digit = -1;
    }
    return true;
  };
}

/**
 * A socket seen through a {@link createPacketGate}: its stream ends with an error as soon as the client announces a
 * packet of more than `maxBytes`.
 */
export function gateSocket(socket: Socket, maxBytes: number): Duplex {
  const admits = createPacketGate(maxBytes);
  const gated = new Duplex({
    read: () => void socket.resume(),
    write(chunk: Uint8Array, _encoding, done) {
      whenWritten(socket.write(chunk), done);
    },
    writev(chunks, done) {
      socket.cork();
      let flowing = true;
      for (const { chunk } of chunks) flowing = socket.write(chunk);
      socket.uncork();
      whenWritten(flowing, done);
    },
    final: (done) => void socket.end(done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  function whenWritten(flowing: boolean, done: () => void): void {
    if (flowing) done();
    else socket.once("drain", done);
  }
  socket.on("data", (chunk: Uint8Array) => {
    if (!admits(chunk)) {
      gated.destroy(new Error(`Packet is larger than ${maxBytes} bytes`));
      return;
    }
    if (!gated.push(chunk)) socket.pause();
  });
  socket.on("end", () => gated.push(null));
  socket.on("error", (error) => gated.destroy(error));
  socket.on("close", () => gated.destroy());
  return gated;
}

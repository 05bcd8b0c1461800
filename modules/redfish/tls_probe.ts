import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { clientHello, readServerFirst, type ServerFirst } from "./tls_hello.ts";

/** The largest first answer to read, in bytes, and the time for it, in milliseconds. */
const MAX_BYTES = 64 * 1024;
const LIMIT = 10_000;

/**
 * Sends a ClientHello to the server at `url` and reads its first answer: the version that it speaks and its
 * certificate. It sends nothing else. Runtimes distinguish an old server from an untrusted certificate only by the text
 * of an error, and each by another one.
 *
 * @param signal Ends the probe.
 * @returns Undefined if it sent nothing.
 */
export function probeTls(url: URL, signal: AbortSignal): Promise<ServerFirst | undefined> {
  return new Promise((resolve) => {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const socket = connect({ host, port: Number(url.port || 443) });
    const chunks: Uint8Array[] = [];
    let size = 0;
    function end(found: ServerFirst | undefined): void {
      signal.removeEventListener("abort", over);
      socket.destroy();
      resolve(found);
    }
    const over = () => end(undefined);
    signal.addEventListener("abort", over, { once: true });
    socket.setTimeout(LIMIT, over);
    socket.on("error", over);
    socket.on("close", over);
    socket.on("connect", () => socket.write(clientHello(host, new Uint8Array(randomBytes(32)))));
    socket.on("data", (chunk: Uint8Array) => {
      chunks.push(new Uint8Array(chunk));
      size += chunk.length;
      const found = readServerFirst(joined(chunks, size));
      if (found !== undefined || size > MAX_BYTES) end(found);
    });
  });
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

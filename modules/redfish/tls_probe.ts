import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { clientHello, readServerFirst, type ServerFirst } from "./tls_hello.ts";

/** The most bytes of a server's first words that are read, and how long it may take for them, in milliseconds. */
const MAX_BYTES = 64 * 1024;
const LIMIT = 10_000;

/**
 * Greets a TLS server and reads its first words: what it speaks and who it says it is. Nothing else is sent. Runtimes tell a server
 * that is too old from one with a certificate that they do not like by an error's words at best, and each by others.
 *
 * @returns Undefined when it said nothing.
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

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import assert from "node:assert/strict";
import { once } from "node:events";
import { until } from "../support/until.ts";

/** An HTTP server with files, which a test can make cut, refuse and go away. */
export interface ImageServer {
  readonly url: string;
  /** Files by name, below `/boot/v1/images/`. */
  readonly files: Map<string, Uint8Array>;
  /** Every request for a file: its Range header, and how many bytes of body were sent. */
  readonly requests: { readonly range: string | undefined; sent: number }[];
  /** Ends the next answers after so many bytes of body, in order. */
  readonly cuts: number[];
  /** Statuses to answer with instead, in order. */
  readonly statuses: number[];
  close(): Promise<void>;
}

/** SHA-256 in hexadecimal digits. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Starts the server on a free port of the loopback.
 *
 * @param received How many bytes of a file, by its SHA-256, the client has by now: answers are cut when it has them.
 */
export async function startImageServer(received = (_digest: string) => Infinity): Promise<ImageServer> {
  const files = new Map<string, Uint8Array>();
  const requests: { range: string | undefined; sent: number }[] = [];
  const cuts: number[] = [];
  const statuses: number[] = [];
  const server = createServer((request, response) => {
    const bytes = files.get((request.url ?? "").replace("/boot/v1/images/", ""));
    const status = statuses.shift() ?? (bytes === undefined ? 404 : 200);
    if (bytes === undefined || status !== 200) return void response.writeHead(status).end();
    const { range } = request.headers;
    const digest = sha256(bytes);
    const etag = `"${digest}"`;
    const same = request.headers["if-range"] === undefined || request.headers["if-range"] === etag;
    const from = same ? Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0) : 0;
    const cut = cuts.shift();
    const body = bytes.subarray(from, cut === undefined ? undefined : from + cut);
    const entry = { range, sent: body.length };
    requests.push(entry);
    const headers = { "content-length": bytes.length - from, etag };
    if (from === 0) response.writeHead(200, headers);
    else response.writeHead(206, { ...headers, "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` });
    if (cut === undefined) return void response.end(body);
    response.write(body);
    // What a client has not read when its connection breaks it may lose, and then ask for again.
    const end = () => response.socket?.destroy();
    until(() => assert.ok(received(digest) >= from + body.length)).then(end, end);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Expected a port");
  return {
    ...{ files, requests, cuts, statuses },
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

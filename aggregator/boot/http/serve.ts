import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import { createConnectionLimit } from "../../broker/connection_limit.ts";

/** How long a machine may take to send a request, in milliseconds: requests are small. */
const REQUEST_TIMEOUT = 30_000;
/** How long a connection may be silent, including a machine that takes no more data, in milliseconds. */
const SILENCE_TIMEOUT = 60_000;
/** How long a connection is kept open after an answer for the next request, in milliseconds. */
const KEEP_ALIVE = 5_000;
/** The largest header of a request, in bytes. */
const MAX_HEADERS = 8 * 1024;
/**
 * The largest number of connections, how many of them are reserved for addresses of nodes, and how many one address may
 * have.
 */
const MAX_CONNECTIONS = 4_096;
const KEPT = 1_024;
const MAX_PER_ADDRESS = 32;

/** A server from which machines boot. */
export interface BootHttpServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Where the boot app is served, and to whom. */
export interface BootHttpOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /**
   * Tells whether a machine that boots from here has this address. Unknown machines do not get the reserved
   * connections.
   */
  isKnown(address: string): boolean;
  /** Called for a connection that was closed at once, because there are too many. */
  onRefused?(address: string): void;
  /** How long a connection may be silent, in milliseconds. @default 60000 */
  readonly silence?: number;
}

/**
 * Serves `app`, the boot app, on an address that other machines reach, with limits on the number and silence of
 * connections and on the size of requests.
 *
 * @param options Where it is served, and to whom.
 * @throws {Error} If it cannot listen there, in words for people.
 */
export async function serveBoot(app: Hono, options: BootHttpOptions): Promise<BootHttpServer> {
  const { host, port, silence = SILENCE_TIMEOUT } = options;
  const server = createAdaptorServer({
    fetch: app.fetch,
    hostname: host, // for requests without Host, as in HTTP/1.0
    overrideGlobalObjects: false,
    createServer,
    serverOptions: { requestTimeout: REQUEST_TIMEOUT, headersTimeout: REQUEST_TIMEOUT, maxHeaderSize: MAX_HEADERS },
  }) as Server; // created by the createServer above
  server.setTimeout(silence);
  server.keepAliveTimeout = Math.min(KEEP_ALIVE, silence);
  const closed = new Promise<void>((resolve) => server.once("close", resolve));
  const limit = createConnectionLimit({
    all: MAX_CONNECTIONS,
    perAddress: MAX_PER_ADDRESS,
    kept: { places: KEPT, isFor: options.isKnown },
  });
  server.on("connection", (socket: Socket) => {
    if (limit.admit(socket)) return;
    options.onRefused?.((socket.remoteAddress ?? "").replace(/^::ffff:/, ""));
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new Error(explain(error, host, port), { cause: error })));
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" ? address?.port ?? port : port,
    async close() {
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function explain(error: Error, host: string, port: number): string {
  const place = `${host}:${port}`;
  switch ("code" in error ? error.code : undefined) {
    case "EADDRINUSE":
      return `Cannot serve machines that boot on ${place} as the port is in use: choose another with --boot-port`;
    case "EADDRNOTAVAIL":
    case "EINVAL": // the same on Deno
      return `Cannot serve machines that boot on ${place}: --boot-address must be an address of this machine`;
    default:
      return `Cannot serve machines that boot on ${place}: ${error.message}`;
  }
}

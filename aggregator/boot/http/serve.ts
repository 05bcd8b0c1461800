import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import { createConnectionLimit } from "../../broker/connection_limit.ts";

/** How long a machine may take to send a request, in milliseconds: they are small. */
const REQUEST_TIMEOUT = 30_000;
/** How long a connection may be silent, a machine that takes nothing more included, in milliseconds. */
const SILENCE_TIMEOUT = 60_000;
/** Bytes of the fields of a request. */
const MAX_HEADERS = 8 * 1024;
/** Connections at a time, those of them that are kept for addresses of nodes, and those from one address. */
const MAX_CONNECTIONS = 4_096;
const KEPT = 1_024;
const MAX_PER_ADDRESS = 32;

/** A server that machines boot from. */
export interface BootHttpServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves the boot app on an address that others than this machine reach: the number and the silence of connections, and the
 * size of requests, are bounded.
 *
 * @param options `isKnown`: whether a machine that boots from here has this address. Strangers don't take the places of all of those.
 * @throws {Error} In words for people, when it can't listen there.
 */
export async function serveBoot(
  app: Hono,
  options: { readonly host: string; readonly port: number; readonly isKnown: (address: string) => boolean },
): Promise<BootHttpServer> {
  const { host, port } = options;
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    createServer,
    serverOptions: { requestTimeout: REQUEST_TIMEOUT, headersTimeout: REQUEST_TIMEOUT, maxHeaderSize: MAX_HEADERS },
  }) as Server; // made by the createServer above
  server.setTimeout(SILENCE_TIMEOUT);
  const closed = new Promise<void>((resolve) => server.once("close", resolve));
  const limit = createConnectionLimit({
    all: MAX_CONNECTIONS,
    perAddress: MAX_PER_ADDRESS,
    kept: { places: KEPT, isFor: options.isKnown },
  });
  server.on("connection", (socket: Socket) => {
    if (!limit.admit(socket)) socket.destroy();
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
      return `Cannot serve machines that boot on ${place}: --boot-address must be an address of this machine`;
    default:
      return `Cannot serve machines that boot on ${place}: ${error.message}`;
  }
}

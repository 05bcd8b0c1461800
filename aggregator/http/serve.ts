import type { Result } from "../../src/toolkit/mod.ts";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import { createServer, type Server } from "node:http";
import { isLoopback } from "./loopback.ts";

/** A server that answers. */
export interface HttpServer {
  readonly host: string;
  /** The port that it really has, where 0 was asked for. */
  readonly port: number;
  /** Resolves when it has ended, after the signal. */
  readonly closed: Promise<void>;
}

/** The server, or why there is none. */
export type Served = Result<HttpServer, { readonly problem: string }>;

/** How long a client may take to send a request, and its headers, in milliseconds. */
const REQUEST_TIMEOUT = 120_000;
const HEADERS_TIMEOUT = 15_000;

/**
 * Serves an app on this machine's loopback interface. Other addresses are refused, as anyone who reaches it may do
 * everything.
 *
 * @param options `port` 0 takes any free one; `signal` ends the server and every connection.
 */
export function serve(
  app: Hono,
  options: { readonly host: string; readonly port: number; readonly signal: AbortSignal },
): Promise<Served> {
  const { host, port, signal } = options;
  if (!isLoopback(host)) {
    const problem =
      `Cannot listen on '${host}': HTTP has no authentication yet, so that it is for this machine only. ` +
      "Use 127.0.0.1, ::1 or localhost, and reach it from elsewhere through SSH";
    return Promise.resolve({ ok: false, problem });
  }
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    createServer,
    serverOptions: { requestTimeout: REQUEST_TIMEOUT, headersTimeout: HEADERS_TIMEOUT },
  }) as Server; // made by the createServer above
  const closed = new Promise<void>((resolve) => server.once("close", resolve));
  function stop(): void {
    server.close();
    server.closeAllConnections();
  }
  return new Promise((resolve) => {
    server.once("error", (error) => resolve({ ok: false, problem: explain(error, host, port) }));
    server.listen(port, host.replace(/^\[(.*)\]$/, "$1"), () => {
      const address = server.address();
      signal.addEventListener("abort", stop, { once: true });
      if (signal.aborted) stop();
      resolve({ ok: true, value: { host, port: typeof address === "object" ? address?.port ?? port : port, closed } });
    });
  });
}

function explain(error: Error, host: string, port: number): string {
  const place = `${host}:${port}`;
  switch ("code" in error ? error.code : undefined) {
    case "EADDRINUSE":
      return `Cannot listen on ${place} as the port is in use: ` +
        "stop the other program or choose another with --http-port";
    case "EACCES":
      return `Cannot listen on ${place} as this user lacks the permission: choose a port above 1023 with --http-port`;
    default:
      return `Cannot listen on ${place}: ${error.message}`;
  }
}

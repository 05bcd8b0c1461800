import { createServer, type ServerResponse } from "node:http";

/** One request that the stand-in got. */
export interface Received {
  /** `GET /api/v1/nodes?nodeset=n1`, the query as it was before it was encoded. */
  readonly line: string;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  /** The JSON of the body; undefined where there is none. */
  readonly body: unknown;
}

/** What the stand-in answers: a status and JSON, or whatever it does with the response itself. */
export type Reply =
  | { readonly status?: number; readonly json: unknown; readonly headers?: { [name: string]: string } }
  | {
    write(response: ServerResponse): void;
  };

/** A small HTTP server in the place of an aggregator, for tests of what krakenctl asks and shows. */
export interface StandIn {
  readonly url: string;
  readonly received: readonly Received[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a {@link StandIn} on a free port of loopback. A request without a reply gets problem details with 404. */
export async function startStandIn(reply: (line: string, request: Received) => Reply | undefined): Promise<StandIn> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const text = Buffer.concat(parts).toString();
      const { pathname, search } = new URL(request.url ?? "", "http://stand-in");
      const line = `${request.method} ${pathname}${decodeURIComponent(search)}`;
      const entry = { line, headers: request.headers, body: text === "" ? undefined : JSON.parse(text) as unknown };
      received.push(entry);
      send(response, reply(line, entry) ?? problem(404, `There is nothing at '${line}'`));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("Expected the stand-in to have a port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Problem details as a reply. */
export function problem(status: number, detail: string, errors?: readonly string[]): Reply {
  const faults = errors?.map((each) => ({ detail: each }));
  return { status, json: { type: "/problems/invalid", title: "Refused", status, detail, errors: faults } };
}

/** The start of a stream of server-sent events, which stays open. */
export function openStream(response: ServerResponse, text = ""): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(`retry: 2000\n\n${text}`);
}

function send(response: ServerResponse, reply: Reply): void {
  if ("write" in reply) return reply.write(response);
  response.writeHead(reply.status ?? 200, { "content-type": "application/json", ...reply.headers });
  response.end(reply.status === 304 ? undefined : JSON.stringify(reply.json));
}

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import type { PeerHandler } from "./peer_command.ts";
import { errorText } from "../../../src/toolkit/mod.ts";

/** The largest question, in bytes. */
const MAX_QUESTION = 64 * 1024;

/**
 * Serves commands on loopback, `POST /NAME` with the question as JSON, and says on standard output where. The process ends
 * with a signal.
 */
export async function servePeer(handlers: readonly PeerHandler[]): Promise<void> {
  const server = createServer((request, response) => void answer(handlers, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo; // it listens on a TCP port
  process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`);
}

async function answer(
  handlers: readonly PeerHandler[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  function end(status: number, body: unknown): void {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  }
  try {
    const handler = handlers.find(({ name }) => request.method === "POST" && request.url === `/${name}`);
    if (handler === undefined) return end(404, { problem: `No command ${request.method} ${request.url}` });
    end(200, await handler.run(JSON.parse(await readText(request))));
  } catch (error) {
    end(500, { problem: errorText(error) });
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = "";
  request.setEncoding("utf8");
  for await (const chunk of request) {
    text += chunk;
    if (text.length > MAX_QUESTION) throw new RangeError(`A question has at most ${MAX_QUESTION} bytes`);
  }
  return text;
}

import { connect, createServer } from "node:net";

/**
 * Ports that systems give to nobody by themselves: they give outgoing connections those from 32768 (Linux) or 49152
 * (RFC 6335, section 6). A port from there may be another program's by the time that its server starts, or is started again.
 */
const [FIRST, LAST] = [20_000, 32_767];

/**
 * A TCP port of 127.0.0.1 that was free a moment ago, by chance, so that programs that ask at the same time get others.
 *
 * @throws {Error} When a hundred ports were all in use.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    if (await canListen(port)) return port;
  }
  throw new Error(`Cannot find a free port of 127.0.0.1 from ${FIRST} to ${LAST}: a hundred are in use`);
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Whether something on this machine takes connections on a port. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      resolve(true);
      socket.destroy();
    });
    socket.once("error", () => resolve(false));
  });
}

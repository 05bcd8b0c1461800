import { createRequire } from "node:module";
import { connect as connectTcp, type Socket } from "node:net";
import type { BrokerAddress } from "./broker_url.ts";

/**
 * Opens a socket to a broker. With TLS, it is ready when the broker's certificate was checked: against the authorities that the
 * runtime trusts and those of `NODE_EXTRA_CA_CERTS`, for the host of the URL.
 *
 * @param onReady Called once, when bytes may be written.
 */
export function openSocket({ host, port, tls }: BrokerAddress, onReady: () => void): Socket {
  const socket = tls ? connectTls(host, port, onReady) : connectTcp({ host, port }, onReady);
  socket.setNoDelay(true); // packets are whole when they are written: none waits for the next one
  return socket;
}

/** Loading TLS takes Node a tenth of an agent's start: only who needs it does. */
function connectTls(host: string, port: number, onReady: () => void): Socket {
  const { connect }: typeof import("node:tls") = createRequire(import.meta.url)("node:tls");
  return connect({ host, port }, onReady);
}

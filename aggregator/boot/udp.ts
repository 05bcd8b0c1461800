import { createSocket } from "node:dgram";
import { errorText } from "../../src/toolkit/mod.ts";

/** The sender of a datagram. */
export interface UdpPeer {
  readonly address: string;
  readonly port: number;
}

/** A bound UDP socket for IPv4. */
export interface UdpSocket {
  readonly port: number;
  /** Resolves when the datagram was passed to the network, which may lose it. */
  send(bytes: Uint8Array, to: UdpPeer): Promise<void>;
  /** May be called twice. */
  close(): Promise<void>;
}

/**
 * Binds a socket.
 *
 * The receive buffer has the kernel's default size: with a larger one, Deno allocates as much for every datagram.
 *
 * @param options `shared`: others may be bound to the port too. `broadcast`: it may send to 255.255.255.255, over the
 *   interface with `address`.
 * @throws {Error} If the address or the port is not available.
 */
export async function bindUdp(options: {
  readonly address: string;
  readonly port: number;
  readonly shared?: boolean;
  readonly broadcast?: boolean;
  readonly onMessage: (bytes: Uint8Array, from: UdpPeer) => void;
  /** Called for errors after binding, such as an ICMP message that a port is closed. */
  readonly onError?: (error: Error) => void;
}): Promise<UdpSocket> {
  const socket = createSocket({ type: "udp4", reuseAddr: options.shared === true });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ address: options.address, port: options.port, exclusive: true }, () => {
      socket.off("error", reject);
      resolve();
    });
  }).catch((error: unknown) => {
    const why = errorText(error);
    throw new Error(`Cannot listen at ${options.address}:${options.port} (UDP): ${why}`);
  });
  socket.on("error", (error) => options.onError?.(error));
  socket.on("message", (bytes, { address, port }) => options.onMessage(bytes, { address, port }));
  if (options.broadcast === true) socket.setBroadcast(true);
  let closed: Promise<void> | undefined;
  return {
    port: socket.address().port,
    send: (bytes, to) =>
      new Promise((resolve, reject) => {
        if (closed !== undefined) return resolve();
        socket.send(bytes, to.port, to.address, (error) => error instanceof Error ? reject(error) : resolve());
      }),
    close: () =>
      closed ??= new Promise((resolve) => {
        socket.close(() => resolve());
      }),
  };
}

import type { Context } from "hono";
import type { Socket } from "node:net";

/**
 * Returns the connection of the request `c`, which Hono's adaptor for Node provides; none if the app is called without
 * a server.
 */
export function socketOf(c: Context): Pick<Socket, "remoteAddress" | "destroy"> | undefined {
  const env: { readonly incoming?: { readonly socket: Socket } } | undefined = c.env;
  return env?.incoming?.socket;
}

/** Returns the address from which the request `c` came; an IPv4 address on an IPv6 socket is returned as IPv4. */
export function peerAddressOf(c: Context): string {
  return (socketOf(c)?.remoteAddress ?? "").replace(/^::ffff:/, "");
}

import type { Context } from "hono";
import type { Socket } from "node:net";

/** The connection that a request came over, which Hono's adaptor for Node hands on; none where the app is called without a server. */
export function socketOf(c: Context): Pick<Socket, "remoteAddress" | "destroy"> | undefined {
  const env: { readonly incoming?: { readonly socket: Socket } } | undefined = c.env;
  return env?.incoming?.socket;
}

/** The address that a request came from; an IPv4 address that came over an IPv6 socket is that IPv4 address. */
export function addressOf(c: Context): string {
  return (socketOf(c)?.remoteAddress ?? "").replace(/^::ffff:/, "");
}

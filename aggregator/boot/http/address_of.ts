import type { Context } from "hono";

/** The address that a request came from; an IPv4 address that came over an IPv6 socket is that IPv4 address. */
export function addressOf(c: Context): string {
  // What Hono's adaptor for Node hands on; none where the app is called without a server.
  const env: { readonly incoming?: { readonly socket: { readonly remoteAddress?: string } } } | undefined = c.env;
  return (env?.incoming?.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
}

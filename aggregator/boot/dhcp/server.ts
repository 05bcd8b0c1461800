import { bindUdp, type UdpSocket } from "../udp.ts";
import { parseIpv4 } from "./ipv4.ts";
import { createReceiver } from "./receive.ts";
import type { DhcpServer, DhcpServerOptions } from "./types.ts";

const PORTS = { server: 67, client: 68, pxe: 4011 } as const;

/**
 * Starts a DHCP server for known machines, or a ProxyDHCP server beside a site's own (RFC 2131, PXE 2.1). It answers
 * neither other machines nor requests that name another server.
 *
 * Two sockets share the port, because the runtimes cannot bind one to an interface. Broadcasts arrive at the one that
 * is bound to no address. Replies leave from the one that is bound to the server's address, from which Linux derives
 * the interface.
 *
 * @param options Options of the server.
 * @throws {RangeError} If `address` is not an IPv4 address.
 * @throws {Error} If a port is not available.
 */
export async function startDhcpServer(options: DhcpServerOptions): Promise<DhcpServer> {
  parseIpv4(options.address);
  options.signal?.throwIfAborted();
  const { address, mode, log } = options;
  const ports = options.ports ?? PORTS;
  const counts = { received: 0, answered: 0, malformed: 0, unknown: 0, limited: 0, failed: 0 };
  const receive = createReceiver(options, ports.client, counts);
  const sockets: UdpSocket[] = [];
  /**
   * @param reply The socket that sends answers, if it is another one: only the server's own address determines the
   *   interface of a reply.
   */
  async function bind(at: string, port: number, service: "dhcp" | "pxe", reply?: UdpSocket): Promise<UdpSocket> {
    const socket: UdpSocket = await bindUdp({
      address: at,
      port,
      shared: true,
      broadcast: true,
      onMessage: (bytes, from) => receive(bytes, from, service, reply ?? socket),
      onError: (error) => log.warn("DHCP socket failed", { error: error.message }),
    });
    sockets.push(socket);
    return socket;
  }
  const stop = async () => {
    await Promise.all(sockets.map((socket) => socket.close()));
  };
  try {
    const own = await bind(address, ports.server, "dhcp");
    await bind("0.0.0.0", own.port, "dhcp", own);
    const pxe = mode === "proxy" ? await bind(address, ports.pxe, "pxe") : undefined;
    options.signal?.throwIfAborted();
    options.signal?.addEventListener("abort", () => void stop(), { once: true });
    log.info("Serving DHCP", { address, port: own.port, mode });
    const bound = { server: own.port, ...(pxe === undefined ? {} : { pxe: pxe.port }) };
    return { ports: bound, counts: () => ({ ...counts }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

import { bindUdp, type UdpPeer, type UdpSocket } from "../../aggregator/boot/udp.ts";

/** A link for TFTP that loses and doubles datagrams: clients ask it, and it asks the server. */
export interface LossyLink {
  readonly port: number;
  readonly lost: () => number;
  close(): Promise<void>;
}

/**
 * Puts a link before a TFTP server on loopback. Each client and each of the server's transfer sockets has a socket of its own in
 * it, so that both sides see the ports that they would see without it.
 *
 * @param fate How often a datagram arrives: 0, 1 or 2 times.
 */
export async function openLossyLink(server: UdpPeer, fate: () => number): Promise<LossyLink> {
  const sockets: UdpSocket[] = [];
  const clients = new Map<string, Promise<UdpSocket>>();
  let lost = 0;
  async function pass(socket: UdpSocket, bytes: Uint8Array, to: UdpPeer): Promise<void> {
    const times = fate();
    if (times === 0) lost++;
    for (let n = 0; n < times; n++) await socket.send(bytes, to);
  }
  /** The server's side of one client: what comes from a port of the server goes to the client from a port of its own. */
  async function openClient(client: UdpPeer): Promise<UdpSocket> {
    const fronts = new Map<number, Promise<UdpSocket>>();
    const back: UdpSocket = await bindUdp({
      address: "127.0.0.1",
      port: 0,
      async onMessage(bytes, from) {
        let front = fronts.get(from.port);
        if (front === undefined) {
          front = open((answer, who) => {
            if (who.port === client.port) void pass(back, answer, from);
          });
          fronts.set(from.port, front);
        }
        await pass(await front, bytes, client);
      },
    });
    sockets.push(back);
    return back;
  }
  async function open(onMessage: (bytes: Uint8Array, from: UdpPeer) => void): Promise<UdpSocket> {
    const socket = await bindUdp({ address: "127.0.0.1", port: 0, onMessage });
    sockets.push(socket);
    return socket;
  }
  const entry = await open(async (bytes, from) => {
    const key = `${from.address}:${from.port}`;
    const known = clients.get(key) ?? openClient(from);
    clients.set(key, known);
    await pass(await known, bytes, server);
  });
  return {
    port: entry.port,
    lost: () => lost,
    async close() {
      await Promise.all(sockets.map((socket) => socket.close()));
    },
  };
}

/** Loses such a share of the datagrams and doubles as many, the same ones for the same seed (not 0). */
export function lossyFate(share: number, seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13; // xorshift32
    state ^= state >>> 17;
    state ^= state << 5;
    const chance = (state >>> 0) / 2 ** 32;
    return chance < share ? 0 : chance > 1 - share ? 2 : 1;
  };
}

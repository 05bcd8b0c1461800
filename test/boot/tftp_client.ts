import { bindUdp, type UdpPeer, type UdpSocket } from "../../aggregator/boot/udp.ts";
import { decodeTftp, encodeTftp, type TftpPacket } from "../../aggregator/boot/tftp/packet.ts";
import { createMailbox, type Mailbox } from "../../aggregator/boot/tftp/mailbox.ts";
import { systemClock } from "../../src/clock.ts";

/** A TFTP client for tests: it says what it is told to say, and shows what comes. */
export interface TftpTestClient {
  readonly port: number;
  say(packet: TftpPacket | Uint8Array, to: UdpPeer): Promise<void>;
  /** The next packet of the server; undefined after the limit. */
  hear(ms?: number): Promise<Heard | undefined>;
  close(): Promise<void>;
}

/** A packet, and where it came from. */
export interface Heard {
  readonly packet: TftpPacket;
  readonly from: UdpPeer;
}

export async function openTftpClient(address = "127.0.0.1"): Promise<TftpTestClient> {
  const mailbox: Mailbox<Heard> = createMailbox(systemClock);
  const socket: UdpSocket = await bindUdp({
    address,
    port: 0,
    onMessage(bytes, from) {
      const decoded = decodeTftp(bytes);
      if (decoded.ok) mailbox.put({ packet: decoded.packet, from });
    },
  });
  return {
    port: socket.port,
    say: (packet, to) => socket.send(packet instanceof Uint8Array ? packet : encodeTftp(packet), to),
    hear: (ms = 10_000) => mailbox.next(ms),
    async close() {
      mailbox.close();
      await socket.close();
    },
  };
}

/** A request to read. */
export function readRequest(file: string, options: Record<string, string> = {}): TftpPacket {
  return { op: "read", file, mode: "octet", options: new Map(Object.entries(options)) };
}

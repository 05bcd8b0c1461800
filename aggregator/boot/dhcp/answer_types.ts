import type { DhcpPacket } from "./packet.ts";
import type { DhcpBoot, DhcpClient, DhcpHost, DhcpMode, Unserved } from "./types.ts";

/** What the answer to a packet depends on, besides the packet. */
export interface AnswerSetting {
  readonly mode: DhcpMode;
  /** The server's own address. */
  readonly address: string;
  readonly host: DhcpHost;
  readonly client: DhcpClient;
  readonly boot: (client: DhcpClient, host: DhcpHost) => DhcpBoot | Unserved;
  /** Where it was received: port 67, or a proxy's boot service (port 4011). */
  readonly service: "dhcp" | "pxe";
}

/** How to answer a packet. */
export type DhcpAnswer =
  | {
    readonly answer: "offer" | "ack" | "nak";
    readonly reply: DhcpPacket;
    readonly reason: string;
    readonly address?: string;
    readonly file?: string;
    readonly unserved?: string;
  }
  | SilentAnswer;

/** Nothing is sent. */
export interface SilentAnswer {
  readonly answer: "silent";
  readonly reason: string;
  /** Whether it concerns this server, and is not between the machine and another server. */
  readonly isOurs: boolean;
  readonly address?: string;
  readonly unserved?: string;
  /** The other server that it asks, on a network whose addresses this server gives out. */
  readonly otherServer?: string;
}

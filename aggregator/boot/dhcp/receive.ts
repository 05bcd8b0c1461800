import { createRefusalLog } from "../../../src/log.ts";
import { createSourceRates, type SourceLimits } from "../source_rates.ts";
import type { UdpPeer, UdpSocket } from "../udp.ts";
import { answer, destinationOf, requestKind } from "./answer.ts";
import type { DhcpAnswer } from "./answer_types.ts";
import { describeClient, macText } from "./client.ts";
import { decodeDhcp } from "./decode.ts";
import { COMMON_MAX_SIZE, encodeDhcp } from "./encode.ts";
import { AT, type DhcpPacket, OPTION } from "./packet.ts";
import type { DhcpCounts, DhcpHost, DhcpRequestKind, DhcpServerOptions } from "./types.ts";
import { errorText } from "../../../src/toolkit/mod.ts";

/** The payload of an Ethernet frame without the headers of IPv4 and UDP, in bytes. */
const MAX_REPLY = 1472;
/** The first port that unprivileged programs may use. */
const UNPRIVILEGED = 1024;

/**
 * A boot in three stages takes about ten packets; all known machines together may make more than ten thousand cold
 * starts a minute; for unknown machines enough to show an administrator what is there.
 */
const LIMITS: SourceLimits = {
  each: { burst: 20, perSecond: 4 },
  known: { burst: 4000, perSecond: 2000 },
  unknown: { burst: 40, perSecond: 20 },
};

/** Handles a packet; `socket` sends the answer. */
export type Receive = (bytes: Uint8Array, from: UdpPeer, service: "dhcp" | "pxe", socket: UdpSocket) => void;

/** A packet as received. */
interface Received {
  readonly bytes: Uint8Array;
  readonly from: UdpPeer;
  readonly service: "dhcp" | "pxe";
  readonly socket: UdpSocket;
}

/** A request of a known machine. */
interface Asked extends Omit<Received, "bytes"> {
  readonly host: DhcpHost;
  readonly kind: DhcpRequestKind;
}

/**
 * Creates the receiver, which answers packets and never throws, whatever arrives.
 *
 * @param options Options of the server.
 * @param clientPort The port of clients. Relays listen on the server's port.
 * @param counts Counters, changed in place.
 */
export function createReceiver(
  options: DhcpServerOptions,
  clientPort: number,
  counts: { -readonly [name in keyof DhcpCounts]: number },
): Receive {
  const { log, clock } = options;
  const rates = createSourceRates(LIMITS, clock.now());
  const failures = createRefusalLog(log, clock);

  /** Reads only the MAC address until it is clear that the rate allows the packet. */
  function admit(bytes: Uint8Array, privileged: boolean): { readonly host: DhcpHost | undefined } | undefined {
    const mac = clientMac(bytes);
    if (mac === undefined) {
      counts.malformed++;
      return undefined;
    }
    const host = options.lookup(mac);
    if (host === undefined) counts.unknown++;
    // Packets that any user's program can send in a machine's name take nothing from the rate of its firmware.
    const sender = privileged ? mac : `${mac} unprivileged`;
    const room = host === undefined ? rates.unknown(clock.now()) : rates.known(sender, clock.now());
    if (!room) counts.limited++;
    return room ? { host } : undefined;
  }

  function send(asked: Asked, packet: DhcpPacket, result: Exclude<DhcpAnswer, { answer: "silent" }>): void {
    const { host, kind, from, service, socket } = asked;
    const most = replySize(packet);
    const bytes = encodeDhcp(result.reply, most);
    if (bytes === undefined) {
      counts.failed++;
      const fault = `Its DHCP ${kind} was not answered: the reply is larger than the ${most} bytes that it takes`;
      options.onFault?.(host, fault);
      return failures.warn("Cannot send a DHCP reply, because it is larger than the client accepts", {
        ...{ mac: macText(packet.chaddr), node: host.name, most },
      });
    }
    const { to, address } = destinationOf(packet, result.reply, kind);
    const reached = service === "pxe" ? from : { address, port: to === "relay" ? socket.port : clientPort };
    counts.answered++;
    socket.send(bytes, reached).catch((error: unknown) => {
      counts.failed++;
      failures.warn("Cannot send a DHCP reply", { to: reached.address, error: errorText(error) });
    });
  }

  function take({ bytes, from, service, socket }: Received): void {
    counts.received++;
    const privileged = from.port < UNPRIVILEGED;
    const admitted = admit(bytes, privileged);
    if (admitted === undefined) return;
    const { host } = admitted;
    const decoded = decodeDhcp(bytes);
    const kind = decoded.ok ? requestKind(decoded.packet) : undefined;
    if (!decoded.ok || kind === undefined) {
      counts.malformed++;
      const problem = decoded.ok ? "It is not from a client" : decoded.problem;
      if (host !== undefined && privileged) options.onFault?.(host, `Its DHCP packet can't be read: ${problem}`);
      return log.debug("Dropped a DHCP packet", { node: host?.name, problem });
    }
    const { packet } = decoded;
    const client = describeClient(packet);
    const about = { client, request: kind, privileged };
    if (host === undefined) {
      return options.onEvent?.({ ...about, host, answer: "silent", reason: "It is unknown", isOurs: false });
    }
    const setting = { mode: options.mode, address: options.address, boot: options.boot, host, client, service };
    const result = answer(packet, kind, setting);
    if (result.answer !== "silent") send({ host, kind, from, service, socket }, packet, result);
    const said = describeAnswer(result);
    log.debug("DHCP", { mac: client.mac, node: host.name, request: kind, ...said });
    if (kind === "decline") {
      failures.warn("DHCP address declined", { mac: client.mac, node: host.name, reason: result.reason });
    }
    options.onEvent?.({ ...about, host, ...said, isOurs: result.answer !== "silent" || result.isOurs });
  }

  return (bytes, from, service, socket) => {
    try {
      take({ bytes, from, service, socket });
    } catch (error) {
      counts.failed++; // a bug, or a cfg that does not fit into a packet: the server continues
      failures.error("Cannot answer a DHCP packet", { error: errorText(error) });
    }
  };
}

/** Describes an answer without its packet. */
function describeAnswer(result: DhcpAnswer) {
  return {
    answer: result.answer,
    reason: result.reason,
    ...(result.address !== undefined && { address: result.address }),
    ...("file" in result && result.file !== undefined && { file: result.file }),
    ...(result.unserved !== undefined && { unserved: result.unserved }),
    ...("otherServer" in result && result.otherServer !== undefined && { otherServer: result.otherServer }),
  };
}

/** Returns the MAC address of a possible client packet; undefined for anything but Ethernet. */
function clientMac(bytes: Uint8Array): string | undefined {
  if (bytes.length < AT.options || bytes[0] !== 1 || bytes[1] !== 1 || bytes[2] !== 6) return undefined;
  return macText(bytes.subarray(AT.chaddr, AT.chaddr + 6));
}

/** Option 57 includes the headers of IPv4 and UDP; values below what every client must accept are ignored. */
function replySize(packet: DhcpPacket): number {
  const [high, low] = packet.options.get(OPTION.maxSize) ?? [];
  if (high === undefined || low === undefined) return COMMON_MAX_SIZE;
  return Math.min(Math.max(high * 256 + low - 28, COMMON_MAX_SIZE), MAX_REPLY);
}

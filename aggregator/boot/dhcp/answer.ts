import { answerAsProxy } from "./answer_proxy.ts";
import { answerAsServer } from "./answer_server.ts";
import type { AnswerSetting, DhcpAnswer } from "./answer_types.ts";
import { type DhcpPacket, MESSAGE, NO_ADDRESS, OPTION } from "./packet.ts";
import type { DhcpRequestKind } from "./types.ts";

/** Returns what the client of `packet` wants; undefined if the packet is not from a client. */
export function requestKind(packet: DhcpPacket): DhcpRequestKind | undefined {
  const type = packet.options.get(OPTION.messageType); // if given twice, the first counts
  if (packet.op !== 1 || type === undefined) return undefined;
  const kinds = ["discover", "request", "decline", "release", "inform"] as const;
  return kinds.find((kind) => MESSAGE[kind] === type[0]);
}

/**
 * Decides how to answer `packet` of a known machine. Pure.
 *
 * @param kind What the client wants.
 * @param setting What the answer depends on.
 */
export function answer(packet: DhcpPacket, kind: DhcpRequestKind, setting: AnswerSetting): DhcpAnswer {
  return setting.mode === "server" ? answerAsServer(packet, kind, setting) : answerAsProxy(packet, kind, setting);
}

/**
 * Returns where `reply` to `request` is sent (RFC 2131, section 4.1).
 *
 * @param kind What the client wants.
 */
export function destinationOf(
  request: DhcpPacket,
  reply: DhcpPacket,
  kind: DhcpRequestKind,
): { readonly to: "relay" | "client" | "broadcast"; readonly address: string } {
  if (request.giaddr !== NO_ADDRESS) return { to: "relay", address: request.giaddr };
  const refused = reply.options.get(OPTION.messageType)?.[0] === MESSAGE.nak;
  // A client with an address renews it, or asks for the rest. Others have no address yet that ARP could find: without
  // writing to the ARP table, only a broadcast reaches them, whatever their broadcast flag says.
  if (request.ciaddr !== NO_ADDRESS && !refused && kind !== "discover") {
    return { to: "client", address: request.ciaddr };
  }
  return { to: "broadcast", address: "255.255.255.255" };
}

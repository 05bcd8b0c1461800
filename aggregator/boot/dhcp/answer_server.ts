import type { AnswerSetting, DhcpAnswer, SilentAnswer } from "./answer_types.ts";
import { addressFault } from "../../../src/boot/mod.ts";
import { optionAddress, readIpv4, sameNetwork } from "./ipv4.ts";
import { type DhcpPacket, NO_ADDRESS, OPTION } from "./packet.ts";
import { bootParts, leaseOptions, networkOptions, type ReplyOptions, replyTo } from "./reply.ts";
import type { DhcpLease, DhcpRequestKind } from "./types.ts";

/** iPXE's option no-pxedhcp: do not wait for a ProxyDHCP server, which takes two to three seconds. */
const NO_PROXY = Uint8Array.of(0xb0, 1, 1);

/**
 * Answers `packet` as an authoritative server of static leases (RFC 2131, section 4.3).
 *
 * @param kind What the client wants.
 * @param setting What the answer depends on.
 */
export function answerAsServer(packet: DhcpPacket, kind: DhcpRequestKind, setting: AnswerSetting): DhcpAnswer {
  const { host, address } = setting;
  const named = optionAddress(packet, OPTION.serverId);
  if (named !== undefined && named !== address) {
    const other = kind === "request" ? { otherServer: named } : {}; // a release, say, may be of a lease from before
    return { ...silent(`It is meant for another server, ${named}`, packet), isOurs: false, ...other };
  }
  const { lease } = host;
  if (lease === undefined) return silent("Its node has no address in its cfg: set its /ipv4/address", packet);
  const fault = leaseFault(lease, address);
  if (fault !== undefined) return silent(`Its address is ${lease.address}/${lease.prefix}: expected ${fault}`, packet);
  // A client with an address is reached at it, also through routers; but a relay tells which network its client is in.
  const placed = packet.giaddr !== NO_ADDRESS || packet.ciaddr === NO_ADDRESS;
  if (placed && !onItsNetwork(packet, lease, address)) {
    return kind === "request"
      ? answerElsewhere(packet, lease, setting, named !== undefined)
      : silent(elsewhere(packet, lease, address), packet);
  }
  switch (kind) {
    case "discover":
      return grant("offer", packet, lease, setting, "It is a known machine");
    case "request":
      return answerRequest(packet, lease, setting, named !== undefined);
    case "inform":
      // The reply goes to the stated address, so not every one is accepted.
      return packet.ciaddr === NO_ADDRESS || sameNetwork(packet.ciaddr, lease.address, lease.prefix)
        ? grant("inform", packet, lease, setting, "It has an address and asked for the rest")
        : silent(`It has ${packet.ciaddr}: its address is ${lease.address}/${lease.prefix}`, packet);
    case "decline": {
      const declined = optionAddress(packet, OPTION.requestedAddress) ?? lease.address;
      return silent(`It found ${declined} in use by another machine`, packet);
    }
    case "release":
      return { ...silent("It gave its address up; its lease is static", packet), isOurs: false };
    default:
      return kind satisfies never;
  }
}

/** RFC 2131, section 4.3.2: the fields of a request show its kind. */
function answerRequest(packet: DhcpPacket, lease: DhcpLease, setting: AnswerSetting, selecting: boolean): DhcpAnswer {
  const wanted = optionAddress(packet, OPTION.requestedAddress);
  const holds = packet.ciaddr === NO_ADDRESS ? undefined : packet.ciaddr;
  if (holds !== undefined) {
    return holds === lease.address
      ? grant("ack", packet, lease, setting, "It renews its lease")
      : refuse(packet, setting, holds, `It holds ${holds}: its address is ${lease.address}`);
  }
  if (wanted === undefined) return silent("It asks for no address in particular", packet);
  if (wanted !== lease.address) {
    return refuse(packet, setting, wanted, `It wants ${wanted}: its address is ${lease.address}`);
  }
  return grant("ack", packet, lease, setting, selecting ? "It takes our offer" : "It had this address before");
}

/**
 * RFC 2131, section 4.3.2: a client that requests an address of another network than its own gets a refusal; otherwise
 * it would continue until its lease ends. An address of its network may belong to another server there, which must
 * judge it.
 */
function answerElsewhere(packet: DhcpPacket, lease: DhcpLease, setting: AnswerSetting, selecting: boolean): DhcpAnswer {
  const reason = elsewhere(packet, lease, setting.address);
  const wanted = packet.ciaddr === NO_ADDRESS ? optionAddress(packet, OPTION.requestedAddress) : packet.ciaddr;
  if (wanted === undefined) return silent(reason, packet);
  const network = networkOf(packet) ?? setting.address;
  return selecting || !sameNetwork(network, wanted, lease.prefix)
    ? refuse(packet, setting, wanted, reason)
    : { ...silent(reason, packet), isOurs: false };
}

function grant(
  kind: "offer" | "ack" | "inform",
  packet: DhcpPacket,
  lease: DhcpLease,
  setting: AnswerSetting,
  reason: string,
): DhcpAnswer {
  const { client, host, address } = setting;
  const chosen = client.boots ? setting.boot(client, host) : undefined;
  const boot = chosen === undefined || "unserved" in chosen ? undefined : chosen;
  const from = boot === undefined ? undefined : bootParts(packet, boot, address);
  const options: ReplyOptions = [
    ...(kind === "inform" ? [] : leaseOptions()),
    ...networkOptions(lease, host.name),
    ...(from?.options ?? []),
  ];
  if (client.ipxe) options.push([OPTION.ipxe, NO_PROXY]);
  const sent = kind === "offer" ? "offer" : "ack";
  const reply = replyTo(packet, sent, address, {
    ...from,
    options,
    ...(kind === "inform" ? {} : { yiaddr: lease.address }),
    ...(kind === "offer" ? {} : { ciaddr: packet.ciaddr }),
  });
  return {
    ...{ answer: sent, reply, reason, address: lease.address },
    ...(boot !== undefined && { file: boot.file }),
    ...(chosen !== undefined && "unserved" in chosen && { unserved: chosen.unserved }),
  };
}

/** Returns what was expected instead of an address that is never offered, whatever cfg says; undefined if it may be. */
function leaseFault({ address, prefix }: DhcpLease, own: string): string | undefined {
  if (address === own) return "one that is not this server's own";
  // A server on loopback serves only itself, as in tests.
  if (own.startsWith("127.") && address.startsWith("127.")) return undefined;
  return addressFault(address, prefix);
}

function refuse(packet: DhcpPacket, setting: AnswerSetting, wanted: string, reason: string): DhcpAnswer {
  const options: ReplyOptions = [[OPTION.message, new TextEncoder().encode(reason)]];
  return { answer: "nak", reply: replyTo(packet, "nak", setting.address, { options }), reason, address: wanted };
}

function silent(reason: string, packet: DhcpPacket): SilentAnswer {
  const wanted = optionAddress(packet, OPTION.requestedAddress);
  return { answer: "silent", reason, isOurs: true, ...(wanted === undefined ? {} : { address: wanted }) };
}

/**
 * Tells whether the packet came from the network of the lease. An address of one relay's network is of no use in
 * another; and this socket receives from every network of this machine without telling them apart.
 */
function onItsNetwork(packet: DhcpPacket, lease: DhcpLease, serverAddress: string): boolean {
  return sameNetwork(networkOf(packet) ?? serverAddress, lease.address, lease.prefix);
}

function elsewhere(packet: DhcpPacket, lease: DhcpLease, serverAddress: string): string {
  const where = networkOf(packet) ?? serverAddress;
  return `It asks from the network of ${where}: its address is ${lease.address}/${lease.prefix}`;
}

/** Returns an address in the client's network, as its relay states it: RFC 3527, RFC 3011, or giaddr. */
function networkOf(packet: DhcpPacket): string | undefined {
  const stated = linkSelection(packet.options.get(OPTION.relayAgent)) ?? optionAddress(packet, OPTION.subnetSelection);
  if (stated !== undefined) return stated;
  return packet.giaddr === NO_ADDRESS ? undefined : packet.giaddr;
}

/** Sub-option 5 of option 82 (RFC 3527). */
function linkSelection(agent: Uint8Array | undefined): string | undefined {
  for (let at = 0; agent !== undefined && at + 1 < agent.length;) {
    const [code, length] = [agent[at], agent[at + 1] ?? 0];
    if (code === 5 && length === 4 && at + 6 <= agent.length) return readIpv4(agent, at + 2);
    at += 2 + length;
  }
  return undefined;
}

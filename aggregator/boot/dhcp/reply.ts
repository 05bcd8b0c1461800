import { gatewayFault } from "../../../src/boot/mod.ts";
import { ipv4Bytes, maskOf, u32Bytes } from "./ipv4.ts";
import { BROADCAST_FLAG, type DhcpPacket, MESSAGE, NO_ADDRESS, OPTION } from "./packet.ts";
import { MAX_FILE } from "./encode.ts";
import type { DhcpBoot, DhcpLease } from "./types.ts";

/**
 * Duration of a lease, in seconds. The address is static: this limits how long a client keeps an old address after a
 * change of cfg.
 */
export const LEASE_SECONDS = 3600;

/** Options in the order in which they are written. */
export type ReplyOptions = [code: number, value: Uint8Array][];

const text = new TextEncoder();

/**
 * Returns the reply to `request` with the fields of every reply (RFC 2131, table 3).
 *
 * @param kind Kind of the reply.
 * @param serverAddress The server's address.
 * @param parts Additional options and fields.
 */
export function replyTo(
  request: DhcpPacket,
  kind: "offer" | "ack" | "nak",
  serverAddress: string,
  parts: {
    readonly options: ReplyOptions;
    readonly yiaddr?: string;
    readonly ciaddr?: string;
    readonly siaddr?: string;
    readonly file?: string;
  },
): DhcpPacket {
  const echoed = [
    OPTION.clientId, // RFC 6842
    OPTION.machineId, // RFC 4578, section 2.3
    OPTION.relayAgent, // RFC 3046, section 2.2
  ].flatMap((code): ReplyOptions => {
    const value = request.options.get(code);
    return value === undefined ? [] : [[code, value]];
  });
  return {
    op: 2,
    htype: request.htype,
    hops: 0,
    xid: request.xid,
    secs: 0,
    // A relay must not send a refusal to an address that the client must not have (RFC 2131, section 4.3.2).
    flags: kind === "nak" && request.giaddr !== NO_ADDRESS ? request.flags | BROADCAST_FLAG : request.flags,
    ciaddr: parts.ciaddr ?? NO_ADDRESS,
    yiaddr: parts.yiaddr ?? NO_ADDRESS,
    siaddr: parts.siaddr ?? NO_ADDRESS,
    giaddr: request.giaddr,
    chaddr: request.chaddr,
    sname: "",
    file: parts.file ?? "",
    options: new Map([
      [OPTION.messageType, Uint8Array.of(MESSAGE[kind])],
      [OPTION.serverId, ipv4Bytes(serverAddress)],
      ...parts.options,
      ...echoed,
    ]),
  };
}

/** Returns the network settings of a client with `lease` and host name `name`. */
export function networkOptions(lease: DhcpLease, name: string): ReplyOptions {
  const options: ReplyOptions = [[OPTION.subnetMask, u32Bytes(maskOf(lease.prefix))]];
  const { gateway } = lease;
  if (gateway !== undefined && gatewayFault(gateway, lease) === undefined) {
    options.push([OPTION.router, ipv4Bytes(gateway)]);
  }
  const dns = (lease.dns ?? []).flatMap((address) => [...ipv4Bytes(address)]);
  if (dns.length > 0) options.push([OPTION.dns, Uint8Array.from(dns)]);
  options.push([OPTION.hostName, text.encode(name)]);
  return options;
}

/** Returns the option with the duration of a lease. */
export function leaseOptions(): ReplyOptions {
  return [[OPTION.leaseTime, u32Bytes(LEASE_SECONDS)]];
}

/**
 * Returns the fields and options that say what to boot. Options 66 and 67 are for clients that request them (option
 * 55), and for long names.
 *
 * @param request The request.
 * @param boot What to boot.
 * @param serverAddress The server's address.
 */
export function bootParts(
  request: DhcpPacket,
  boot: DhcpBoot,
  serverAddress: string,
): { readonly siaddr: string; readonly file?: string; readonly options: ReplyOptions } {
  const asked = request.options.get(OPTION.requestList) ?? new Uint8Array();
  const server = boot.server ?? serverAddress;
  const file = text.encode(boot.file);
  const fits = file.length <= MAX_FILE && file.length === boot.file.length;
  const options: ReplyOptions = [];
  if (!fits || asked.includes(OPTION.bootFile)) options.push([OPTION.bootFile, file]);
  if (asked.includes(OPTION.tftpServer)) options.push([OPTION.tftpServer, text.encode(server)]);
  if (boot.vendorClass !== undefined) options.push([OPTION.vendorClass, text.encode(boot.vendorClass)]);
  if (boot.vendorOptions !== undefined) options.push([OPTION.vendorOptions, boot.vendorOptions]);
  return { siaddr: server, ...(fits ? { file: boot.file } : {}), options };
}

/** Option numbers, by their names in RFC 2132 unless stated otherwise. */
export const OPTION = {
  pad: 0,
  subnetMask: 1,
  router: 3,
  dns: 6,
  hostName: 12,
  vendorOptions: 43,
  requestedAddress: 50,
  leaseTime: 51,
  overload: 52,
  messageType: 53,
  serverId: 54,
  requestList: 55,
  message: 56,
  maxSize: 57,
  vendorClass: 60,
  clientId: 61,
  tftpServer: 66,
  bootFile: 67,
  /** RFC 3004. */
  userClass: 77,
  /** RFC 3046: added by a relay, and returned to it. */
  relayAgent: 82,
  /** RFC 4578, as are the next two. */
  architecture: 93,
  networkInterface: 94,
  machineId: 97,
  /** RFC 3011: the network for the address. */
  subnetSelection: 118,
  /** iPXE's own option, which contains options of iPXE. */
  ipxe: 175,
  end: 255,
} as const;

/** Values of option 53 (RFC 2132, section 9.6). */
export const MESSAGE = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const;

/** The first bytes of the options (RFC 2131, section 3). */
export const MAGIC_COOKIE = 0x63825363;

/** Offsets of the fields in a packet, in bytes (RFC 2131, section 2). */
export const AT = { chaddr: 28, sname: 44, file: 108, cookie: 236, options: 240 } as const;

/** Reply by broadcast: the only defined flag. */
export const BROADCAST_FLAG = 0x8000;

/** No address, in dotted form. */
export const NO_ADDRESS = "0.0.0.0";

/** A DHCP message (RFC 2131, section 2). Addresses are in dotted form. */
export interface DhcpPacket {
  /** 1 from a client, 2 from a server. */
  readonly op: 1 | 2;
  /** 1: Ethernet. */
  readonly htype: number;
  readonly hops: number;
  readonly xid: number;
  readonly secs: number;
  readonly flags: number;
  readonly ciaddr: string;
  readonly yiaddr: string;
  readonly siaddr: string;
  readonly giaddr: string;
  /** The hardware address: at most 16 bytes. */
  readonly chaddr: Uint8Array;
  /** One byte for each character, up to the first NUL; empty if options are in its place. */
  readonly sname: string;
  /** Likewise. */
  readonly file: string;
  /** By number, without pad, end and overload. Several with one number are joined (RFC 3396). */
  readonly options: ReadonlyMap<number, Uint8Array>;
}

import { type DhcpPacket, MESSAGE, NO_ADDRESS, OPTION } from "../../aggregator/boot/dhcp/packet.ts";
import { ipv4Bytes } from "../../aggregator/boot/dhcp/ipv4.ts";

const text = new TextEncoder();

/** The MAC as bytes. */
export function macBytes(mac: string): Uint8Array {
  return Uint8Array.from(mac.split(":"), (part) => Number.parseInt(part, 16));
}

/** What a client may say in a test. */
export interface Saying {
  readonly mac?: string;
  readonly ciaddr?: string;
  readonly giaddr?: string;
  readonly flags?: number;
  /** Options 50 and 54. */
  readonly wants?: string;
  readonly server?: string;
  readonly arch?: number;
  readonly vendorClass?: string;
  readonly userClass?: string;
  readonly options?: readonly [number, Uint8Array][];
}

/** A client's packet. */
export function clientPacket(kind: keyof typeof MESSAGE, saying: Saying = {}): DhcpPacket {
  const { arch } = saying;
  const options: [number, Uint8Array | undefined][] = [
    [OPTION.messageType, Uint8Array.of(MESSAGE[kind])],
    [OPTION.requestedAddress, saying.wants === undefined ? undefined : ipv4Bytes(saying.wants)],
    [OPTION.serverId, saying.server === undefined ? undefined : ipv4Bytes(saying.server)],
    [OPTION.architecture, arch === undefined ? undefined : Uint8Array.of(arch >> 8, arch & 255)],
    [OPTION.vendorClass, saying.vendorClass === undefined ? undefined : text.encode(saying.vendorClass)],
    [OPTION.userClass, saying.userClass === undefined ? undefined : text.encode(saying.userClass)],
    ...saying.options ?? [],
  ];
  return {
    op: 1,
    htype: 1,
    hops: saying.giaddr === undefined ? 0 : 1,
    xid: 0x12345678,
    secs: 3,
    flags: saying.flags ?? 0,
    ciaddr: saying.ciaddr ?? NO_ADDRESS,
    yiaddr: NO_ADDRESS,
    siaddr: NO_ADDRESS,
    giaddr: saying.giaddr ?? NO_ADDRESS,
    chaddr: macBytes(saying.mac ?? "52:54:00:77:00:01"),
    sname: "",
    file: "",
    options: new Map(options.filter((entry): entry is [number, Uint8Array] => entry[1] !== undefined)),
  };
}

/** What firmware says of itself. */
export const FIRMWARE = {
  bios: { arch: 0, vendorClass: "PXEClient:Arch:00000:UNDI:002001" },
  uefi: { arch: 7, vendorClass: "PXEClient:Arch:00007:UNDI:003001" },
  arm: { arch: 11, vendorClass: "PXEClient:Arch:00011:UNDI:003000" },
  http: { arch: 16, vendorClass: "HTTPClient:Arch:00016:UNDI:003001" },
  ipxe: { arch: 0, vendorClass: "PXEClient:Arch:00000:UNDI:002001", userClass: "iPXE" },
} as const satisfies { readonly [name: string]: Saying };

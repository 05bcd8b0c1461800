import { fc } from "../support/property.ts";
import { type DhcpPacket, OPTION } from "../../aggregator/boot/dhcp/packet.ts";

const address = fc.ipV4();
const latin1 = (maxLength: number) =>
  fc.array(fc.integer({ min: 1, max: 255 }), { maxLength }).map((codes) => String.fromCharCode(...codes));
/** Mostly short, as real ones are; some need to be split, or to go into `file` and `sname`. */
const value = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 20 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 255, maxLength: 700, size: "max" }) },
);
const code = fc.oneof(
  fc.constantFrom(...Object.values(OPTION)),
  fc.integer({ min: 1, max: 254 }),
).filter((one) => one !== OPTION.pad && one !== OPTION.end && one !== OPTION.overload);

/** DHCP messages of all kinds, also such as no client would send. */
export const dhcpPacket: fc.Arbitrary<DhcpPacket> = fc.record({
  op: fc.constantFrom(1 as const, 2 as const),
  htype: fc.integer({ min: 0, max: 255 }),
  hops: fc.integer({ min: 0, max: 255 }),
  xid: fc.integer({ min: 0, max: 0xffffffff }),
  secs: fc.integer({ min: 0, max: 0xffff }),
  flags: fc.constantFrom(0, 0x8000, 0xffff),
  ciaddr: address,
  yiaddr: address,
  siaddr: address,
  giaddr: address,
  chaddr: fc.uint8Array({ maxLength: 16 }),
  sname: fc.oneof(fc.constant(""), latin1(63)),
  file: fc.oneof(fc.constant(""), latin1(127)),
  options: fc.array(fc.tuple(code, value), { maxLength: 12 }).map((entries) => new Map(entries)),
}, { noNullPrototype: true });

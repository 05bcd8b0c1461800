import { ipv4Text, parseSubnet } from "../../src/boot/mod.ts";

/** The network of one of this machine's own addresses, such as 10.77.0.0/24; undefined where it is not known. */
export function networkOf(
  address: string,
  interfaces: {
    readonly [name: string]: readonly { readonly address: string; readonly cidr?: string | null }[] | undefined;
  },
): string | undefined {
  for (const found of Object.values(interfaces).flat()) {
    const subnet = found?.address === address ? parseSubnet(found.cidr ?? "") : undefined;
    if (subnet !== undefined) return `${ipv4Text(subnet.first)}/${subnet.prefix}`;
  }
  return undefined;
}

import { readFileSync } from "node:fs";
import { ipv4Text, parseSubnet } from "../../src/boot/mod.ts";

/**
 * Returns the network of this machine's own `address`, such as 10.77.0.0/24; undefined if unknown.
 *
 * @param interfaces The interfaces of this machine.
 */
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

/** Names and addresses of this machine's interfaces, as in `os.networkInterfaces()`. */
type Interfaces = { readonly [name: string]: readonly { readonly address: string }[] | undefined };

/**
 * Returns the MTU of the interface with `address`, in bytes; undefined if unknown. Linux has it below `/sys/class/net`;
 * the runtimes do not report it.
 *
 * @param interfaces The interfaces.
 * @param read Reads a file. An error counts as no answer.
 */
export function mtuOf(
  address: string,
  interfaces: Interfaces,
  read: (path: string) => string = (path) => readFileSync(path, "utf8"),
): number | undefined {
  const name = Object.keys(interfaces).find((each) => interfaces[each]?.some((own) => own.address === address));
  if (name === undefined) return undefined;
  try {
    const text = read(`/sys/class/net/${name.replace(/:.*$/, "")}/mtu`).trim(); // eth0:1 is a label of eth0
    return /^\d{1,6}$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

import type { BootAddress } from "./address.ts";

/**
 * What a word of kernel arguments may consist of. Quotes, backslashes and `#` mean something to iPXE, `${` is expanded by it,
 * and whatever else is left out has no use on a kernel command line that is worth its risk.
 */
const WORD = /^(?:[A-Za-z0-9_.,:;/=+@%~^*!?<>()[\]{}-]|\$(?!\{))+$/;
const PATH = /^(?!.*(?:^|\/)\.\.?(?:\/|$))[A-Za-z0-9_][A-Za-z0-9_.+-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*$/;
/** Arguments that Kraken gives itself. */
const OWN = /^(?:kraken\.|initrd=)/;

/** Kernel arguments as words, or what was expected. */
export type ReadArguments = { readonly ok: true; readonly words: readonly string[] } | {
  readonly ok: false;
  readonly expected: string;
};

/** Takes the kernel arguments of a cfg apart: words between spaces that mean the same to iPXE, firmware and kernel. */
export function readArguments(text: string): ReadArguments {
  const words = text.split(" ").filter((word) => word !== "");
  const odd = words.find((word) => !WORD.test(word));
  if (odd !== undefined) {
    return {
      ok: false,
      expected: `words of letters, digits and signs, without quotes, '\\', '#', '&', '|' and '\${': found ${
        JSON.stringify(odd.slice(0, 80))
      }`,
    };
  }
  const own = words.find((word) => OWN.test(word));
  if (own === undefined) return { ok: true, words };
  return { ok: false, expected: `no 'kraken.' and no 'initrd=': Kraken sets those, found '${own.slice(0, 80)}'` };
}

/** Tells whether a text is a path of a boot file: parts of letters, digits, `_`, `.`, `+`, `-`, none of which is `..`. */
export function isFilePath(text: string): boolean {
  return text.length <= 256 && PATH.test(text);
}

/** What a node's kernel is told. */
export interface KernelNode {
  readonly name: string;
  /** Lower case, with colons. */
  readonly mac: string;
  /** Absent where it is to ask DHCP. */
  readonly lease?: BootAddress;
  /** Words of its cfg: see {@link readArguments}. */
  readonly arguments: readonly string[];
}

/** What a kernel is told of this boot. */
export interface KernelBoot {
  readonly cluster: string;
  /** The UUID of the node's aggregator. */
  readonly parent: string;
  /** Origin of the boot HTTP server. */
  readonly server: string;
  /** The one-time enrolment token. */
  readonly token: string;
}

/** What every kernel needs to have room for an initramfs on a small machine: a tmpfs would be held to half of the memory. */
const ROOT = "rootfstype=ramfs";
/** How many name servers a resolver asks: MAXNS of resolv.conf(5). What has no use takes no room of a command line. */
const NAME_SERVERS = 3;

/** The command line with which a kernel starts, as iPXE and a Raspberry Pi's firmware put it together. See {@link kernelArguments}. */
export function commandLine(node: KernelNode, boot: KernelBoot): string {
  return ["kernel", "initrd=initrd.img", ...kernelArguments(node, boot)].join(" ");
}

/**
 * The kernel arguments of one boot, a word each, for iPXE and for a Raspberry Pi's `cmdline.txt` alike. Kraken's own come last:
 * init and agent take the last one of a name.
 *
 * @throws {TypeError} When a word is not one that {@link readArguments} takes: nothing else may get onto a command line.
 */
export function kernelArguments(node: KernelNode, boot: KernelBoot): string[] {
  const { lease } = node;
  const own = [
    `kraken.cluster=${boot.cluster}`,
    `kraken.node=${node.name}`,
    `kraken.parent=${boot.parent}`,
    `kraken.server=${boot.server}`,
    `kraken.mac=${node.mac}`,
    ...(lease === undefined ? [] : [
      `kraken.address=${lease.address}/${lease.prefix}`,
      ...(lease.gateway === undefined ? [] : [`kraken.gateway=${lease.gateway}`]),
      ...(lease.dns === undefined ? [] : [`kraken.dns=${lease.dns.slice(0, NAME_SERVERS).join(",")}`]),
    ]),
    `kraken.token=${boot.token}`,
  ];
  const words = [ROOT, ...node.arguments, ...own];
  const odd = words.findIndex((word) => !WORD.test(word));
  const taken = node.arguments.find((word) => OWN.test(word));
  if (odd === -1 && taken === undefined) return words;
  throw new TypeError(
    `Cannot make kernel arguments for '${node.name}': word ${odd + 1} is not one that a kernel is given`,
  );
}

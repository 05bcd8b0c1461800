import type { Result } from "../toolkit/mod.ts";
import type { BootAddress } from "./address.ts";

/**
 * The characters of a kernel argument. Quotes, backslashes and `#` have a meaning for iPXE, which also expands `${`;
 * the other excluded characters are not worth their risk.
 */
const WORD = /^(?:[A-Za-z0-9_.,:;/=+@%~^*!?<>()[\]{}-]|\$(?!\{))+$/;
const PATH = /^(?!.*(?:^|\/)\.\.?(?:\/|$))[A-Za-z0-9_][A-Za-z0-9_.+-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*$/;
/** Arguments that Kraken sets itself. */
const OWN = /^(?:kraken\.|initrd=)/;

/** Kernel arguments as words, or what was expected. */
export type ReadArguments = Result<readonly string[], { readonly expected: string }>;

/** Splits `text`, kernel arguments of a cfg, into words that mean the same to iPXE, firmware and kernel. */
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
  if (own === undefined) return { ok: true, value: words };
  return { ok: false, expected: `no 'kraken.' and no 'initrd=': Kraken sets those, found '${own.slice(0, 80)}'` };
}

/**
 * Tells whether `text` is a path of a boot file: parts of letters, digits, `_`, `.`, `+`, `-`, none of which is `..`.
 */
export function isFilePath(text: string): boolean {
  return text.length <= 256 && PATH.test(text);
}

/** The node-specific part of kernel arguments. */
export interface KernelNode {
  readonly name: string;
  /** Lower case, with colons. */
  readonly mac: string;
  /** Absent if the machine uses DHCP. */
  readonly lease?: BootAddress;
  /** Words from its cfg: see {@link readArguments}. */
  readonly arguments: readonly string[];
}

/** The boot-specific part of kernel arguments. */
export interface KernelBoot {
  readonly cluster: string;
  /** The UUID of the node's aggregator. */
  readonly parent: string;
  /** Origin of the boot HTTP server. */
  readonly server: string;
  /** The one-time enrolment token. */
  readonly token: string;
}

/** Lets an initramfs use all memory of a small machine: a tmpfs would be limited to half. */
const ROOT = "rootfstype=ramfs";
/**
 * The largest number of name servers that a resolver uses: MAXNS of resolv.conf(5). More would only waste space of the
 * command line.
 */
const NAME_SERVERS = 3;

/**
 * Returns the command line with which the kernel of `node` starts in this `boot`, as iPXE and a Raspberry Pi's firmware
 * compose it. See {@link kernelArguments}.
 */
export function commandLine(node: KernelNode, boot: KernelBoot): string {
  return ["kernel", "initrd=initrd.img", ...kernelArguments(node, boot)].join(" ");
}

/**
 * Returns the kernel arguments of `node` for one `boot`, one word each, for iPXE and for a Raspberry Pi's
 * `cmdline.txt`. Kraken's own come last: init and agent use the last one of a name.
 *
 * @throws {TypeError} If {@link readArguments} does not accept a word: nothing else may get onto a command line.
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

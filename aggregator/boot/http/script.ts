import { kernelArguments, type KernelBoot, type KernelNode } from "../../../src/boot/mod.ts";

/** What a machine is to be told by its iPXE script. */
export type ScriptSubject =
  | {
    /** A machine that is to boot. */
    readonly kind: "boot";
    readonly node: KernelNode & { readonly kernel: string; readonly initrd: string };
    readonly boot: KernelBoot;
  }
  | {
    /** A machine that has to wait: nobody knows it, or it can't be served now. */
    readonly kind: "wait";
    /** In words, a line each. */
    readonly lines: readonly string[];
    readonly seconds: number;
  };

/** Where a script's machine finds the boot server, and as whom. */
export interface ScriptPlace {
  /** Origin of the boot HTTP server. */
  readonly server: string;
  /** Lower case, with colons. */
  readonly mac: string;
}

/** Seconds between attempts, the longest first. After them all a new script is asked for, and with it a new token. */
const WAITS = [16, 8, 4, 2, 1];

/** Where a machine fetches its script: iPXE fills in what it knows of itself. */
export function scriptUrl(server: string, mac: string): string {
  return `${server}/boot/v1/script?mac=${mac}&uuid=\${uuid}&arch=\${buildarch}`;
}

/** The script of somebody whose MAC address is not in its request: it asks again with that of the interface it came over. */
export function renderIntroduction(server: string): string {
  return `#!ipxe\nchain --replace --autofree ${scriptUrl(server, "${netX/mac}")}\n`;
}

/**
 * Renders an iPXE script. iPXE splits lines into words, joins commands with `||` and `&&`, and expands `${...}`: nothing that
 * comes from a cfg may have a part in that, so that words of other characters than a few are refused, and text is reduced.
 *
 * @throws {TypeError} When a path or an argument has what it must not have.
 */
export function renderScript(subject: ScriptSubject, place: ScriptPlace): string {
  const again = `chain --replace --autofree ${scriptUrl(place.server, place.mac)}`;
  const lines = subject.kind === "boot" ? bootLines(subject, place, again) : waitLines(subject, again);
  return `#!ipxe\n${lines.join("\n")}\n`;
}

function bootLines(
  { node, boot }: Extract<ScriptSubject, { kind: "boot" }>,
  { server, mac }: ScriptPlace,
  again: string,
): string[] {
  const file = (path: string): string => `${server}/boot/v1/files/${path}?mac=${mac}`;
  const words = kernelArguments(node, boot).join(" ");
  return [
    "set wait 1",
    ":load",
    "imgfree",
    `echo ${plain(`Kraken: ${node.name} of cluster ${boot.cluster} fetches ${node.kernel} and ${node.initrd}`)}`,
    `kernel --name kernel ${file(checked(node.kernel))} initrd=initrd.img ${words} || goto failed`,
    `initrd --name initrd.img ${file(checked(node.initrd))} || goto failed`,
    "boot || goto failed",
    ":failed",
    "echo Kraken: that failed, tries again in ${wait} s",
    "sleep ${wait}",
    ...WAITS.map((seconds, at) =>
      at === 0 ? `iseq \${wait} ${seconds} && goto anew ||` : `iseq \${wait} ${seconds} && set wait ${WAITS[at - 1]} ||`
    ),
    "goto load",
    ":anew",
    `${again} ||`,
    "sleep 10",
    "goto anew",
  ];
}

function waitLines({ lines, seconds }: Extract<ScriptSubject, { kind: "wait" }>, again: string): string[] {
  return [
    ":wait",
    ...lines.map((line) => `echo ${plain(line)}`),
    `sleep ${Math.max(1, Math.round(seconds))}`,
    `${again} ||`,
    "goto wait",
  ];
}

/** Text for people without anything that means something to iPXE. */
function plain(text: string): string {
  return text.replace(/[^A-Za-z0-9 .,:;/=+@%()_-]/g, "?").slice(0, 200);
}

function checked(path: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.+/-]*$/.test(path)) return path;
  throw new TypeError(`Cannot put the path ${JSON.stringify(path.slice(0, 80))} into a script`);
}

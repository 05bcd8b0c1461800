import { kernelArguments, type KernelBoot, type KernelNode } from "../../../src/boot/mod.ts";

/** The subject of an iPXE script: what the machine should do. */
export type ScriptSubject =
  | {
    /** A machine that should boot. */
    readonly kind: "boot";
    readonly node: KernelNode & { readonly kernel: string; readonly initrd: string };
    readonly boot: KernelBoot;
  }
  | {
    /** A machine that must wait: it is unknown, or cannot be served now. */
    readonly kind: "wait";
    /** The message, line by line. */
    readonly lines: readonly string[];
    readonly seconds: number;
  };

/** The boot server and the machine of a script. */
export interface ScriptPlace {
  /** Origin of the boot HTTP server. */
  readonly server: string;
  /** Lower case, with colons. */
  readonly mac: string;
}

/** Seconds between attempts, the longest first. After the last one a new script is requested, with a new token. */
const WAITS = [16, 8, 4, 2, 1];

/** Returns where a machine fetches its script from `server`, with `mac`: iPXE fills in what it knows about itself. */
export function scriptUrl(server: string, mac: string): string {
  return `${server}/boot/v1/script?mac=${mac}&uuid=\${uuid}&arch=\${buildarch}`;
}

/**
 * Renders the script for a request without a MAC address: the machine asks `server` again with that of the interface it
 * uses.
 */
export function renderIntroduction(server: string): string {
  return `#!ipxe\nchain --replace --autofree ${scriptUrl(server, "${netX/mac}")}\n`;
}

/**
 * Renders an iPXE script. iPXE splits lines into words, joins commands with `||` and `&&`, and expands `${...}`.
 * Nothing from cfg may take part in that, so words with other characters are refused, and texts are reduced.
 *
 * @param subject What the machine is told.
 * @param place The boot server and the machine.
 * @throws {TypeError} If a path or an argument contains forbidden characters.
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

/** Removes characters with a meaning for iPXE from a text for people. */
function plain(text: string): string {
  return text.replace(/[^A-Za-z0-9 .,:;/=+@%()_-]/g, "?").slice(0, 200);
}

function checked(path: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.+/-]*$/.test(path)) return path;
  throw new TypeError(`Cannot put the path ${JSON.stringify(path.slice(0, 80))} into a script`);
}

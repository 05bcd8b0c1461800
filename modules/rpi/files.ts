/** The lower half of a serial number, as `/proc/cpuinfo` and the firmware's TFTP paths have it: 8 hexadecimal digits. */
const SERIAL = /^[0-9a-f]{8}$/;

/** A Raspberry Pi that boots from here. */
export interface PiHost {
  /** Lower case: see {@link isSerial}. */
  readonly serial: string;
  /** Its address, where it is ours to give. */
  readonly address?: string;
  /** Paths below the boot files. */
  readonly kernel: string;
  readonly initrd: string;
}

/** What a Raspberry Pi is sent for a path. */
export type PiFile =
  /** config.txt: {@link renderConfig}. */
  | { readonly kind: "config" }
  /** cmdline.txt: {@link renderCommandLine}. It has a token in it: each one is made anew. */
  | { readonly kind: "cmdline" }
  /** The node's own kernel or initramfs, at this path below the boot files. */
  | { readonly kind: "kernel" | "initrd"; readonly path: string }
  /** A file of the firmware: the node's own, or else the common one. */
  | { readonly kind: "firmware"; readonly paths: readonly string[] }
  /** It is not this client's to have. */
  | { readonly kind: "refused"; readonly reason: string };

/** What config.txt calls the kernel and the initramfs, whatever they are called below the boot files. */
const KERNEL = "kernel8.img";
const INITRD = "initramfs.img";
/** Where the firmware's files are, below the boot files: Debian's package `raspi-firmware` has them in /boot/firmware. */
const FIRMWARE = "rpi";

/** Whether this is the serial number of a Raspberry Pi, in the form that its firmware uses: 8 digits, lower case. */
export function isSerial(text: string): boolean {
  return SERIAL.test(text);
}

/**
 * What to send to a Raspberry Pi for a path: `SERIAL/config.txt` and the like. What it asks for without its serial number, as its
 * ROM does for `bootcode.bin`, is the common firmware's.
 *
 * @param path Relative, without `..`, as the TFTP server hands it on.
 * @param client Where the request came from.
 * @param host The machine with a serial number.
 * @returns undefined when the path is none of a Raspberry Pi.
 */
export function piFile(
  path: string,
  client: { readonly address: string },
  host: (serial: string) => PiHost | undefined,
): PiFile | undefined {
  const [first = "", ...rest] = path.split("/");
  if (rest.length === 0) return { kind: "firmware", paths: [`${FIRMWARE}/${path}`] };
  if (!isSerial(first)) return undefined;
  const pi = host(first);
  if (pi === undefined) return { kind: "refused", reason: `No node has /rpi/serial ${first}` };
  if (pi.address !== undefined && pi.address !== client.address) {
    return { kind: "refused", reason: `It is for ${pi.address}` };
  }
  const name = rest.join("/");
  switch (name) {
    case "config.txt":
      return { kind: "config" };
    case "cmdline.txt":
      return { kind: "cmdline" };
    case KERNEL:
      return { kind: "kernel", path: pi.kernel };
    case INITRD:
      return { kind: "initrd", path: pi.initrd };
    default:
      return { kind: "firmware", paths: [`${FIRMWARE}/${first}/${name}`, `${FIRMWARE}/${name}`] };
  }
}

/** `config.txt`: boots the kernel and the initramfs that {@link piFile} gives, in 64 bits, with a serial console. */
export function renderConfig(): string {
  return ["arm_64bit=1", "enable_uart=1", `kernel=${KERNEL}`, `initramfs ${INITRD} followkernel`, ""].join("\n");
}

/**
 * `cmdline.txt`: one line, which the firmware passes on as it is.
 *
 * @param words The same kernel arguments as on any other machine.
 * @throws {TypeError} When a word has a space or a line end in it.
 */
export function renderCommandLine(words: readonly string[]): string {
  const odd = words.findIndex((word) => /\s/.test(word) || word === "");
  if (odd !== -1) {
    throw new TypeError(`Cannot write kernel argument ${odd + 1} into cmdline.txt: it is empty or has a space`);
  }
  return `${words.join(" ")}\n`;
}

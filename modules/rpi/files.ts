/** The lower half of a serial number, as in `/proc/cpuinfo` and in the firmware's TFTP paths: 8 hexadecimal digits. */
const SERIAL = /^[0-9a-f]{8}$/;

/** A Raspberry Pi that boots from here. */
export interface PiHost {
  /** Lower case: see {@link isSerial}. */
  readonly serial: string;
  /** Its address, if this program assigns it. */
  readonly address?: string;
  /** Paths in the boot files. */
  readonly kernel: string;
  readonly initrd: string;
}

/** What a Raspberry Pi receives for a path. */
export type PiFile =
  /** config.txt: {@link renderConfig}. */
  | { readonly kind: "config" }
  /** cmdline.txt: {@link renderCommandLine}. It contains a token and is rendered anew each time. */
  | { readonly kind: "cmdline" }
  /** The node's own kernel or initramfs, at this path in the boot files. */
  | { readonly kind: "kernel" | "initrd"; readonly path: string }
  /** A file of the firmware: the node's own, otherwise the common one. */
  | { readonly kind: "firmware"; readonly paths: readonly string[] }
  /** The client may not have it. */
  | { readonly kind: "refused"; readonly reason: string };

/** The names of kernel and initramfs in config.txt, whatever they are called in the boot files. */
const KERNEL = "kernel8.img";
const INITRD = "initramfs.img";
/** The folder of the firmware in the boot files: Debian's package `raspi-firmware` has its files in /boot/firmware. */
const FIRMWARE = "rpi";

/** Tells whether `text` is the serial number of a Raspberry Pi as its firmware uses it: 8 digits, lower case. */
export function isSerial(text: string): boolean {
  return SERIAL.test(text);
}

/**
 * Determines what to send to a Raspberry Pi for a path such as `SERIAL/config.txt`. Requests without a serial number,
 * such as the ROM's for `bootcode.bin`, get the common firmware.
 *
 * @param path Relative, without `..`, as the TFTP server passes it.
 * @param client Address of the client.
 * @param host Returns the machine with a serial number.
 * @returns Undefined if the path is not one of a Raspberry Pi.
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

/**
 * Renders `config.txt`, which boots the kernel and the initramfs of {@link piFile} in 64-bit mode, with a serial
 * console.
 */
export function renderConfig(): string {
  return ["arm_64bit=1", "enable_uart=1", `kernel=${KERNEL}`, `initramfs ${INITRD} followkernel`, ""].join("\n");
}

/**
 * Renders `cmdline.txt`: one line, which the firmware passes on unchanged.
 *
 * @param words The same kernel arguments as for any other machine.
 * @throws {TypeError} If a word contains a space or a line end.
 */
export function renderCommandLine(words: readonly string[]): string {
  const odd = words.findIndex((word) => /\s/.test(word) || word === "");
  if (odd !== -1) {
    throw new TypeError(`Cannot write kernel argument ${odd + 1} into cmdline.txt: it is empty or has a space`);
  }
  return `${words.join(" ")}\n`;
}

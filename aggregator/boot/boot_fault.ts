import type { BootMachine } from "../../modules/boot/tracker.ts";
import { COMMAND_LINE_LIMIT } from "../../src/boot/mod.ts";
import { openFile } from "./open_file.ts";

/** The largest file that boot loaders accept, in bytes: they count in 32 bits (Linux boot protocol, ramdisk_size). */
const MAX_FILE = 2 ** 32 - 1;
const MIB = 2 ** 20;

/** What {@link bootFault} needs besides the machine. */
export interface FaultParts {
  /** The folder that is served. */
  readonly root: string;
  /** Returns the kernel command line for this machine, with a placeholder of the token's length. */
  line(machine: BootMachine): string;
}

/**
 * Returns why `machine` cannot boot what its cfg says; undefined if no reason is known. Each file must exist, must not
 * be empty, and must not exceed the limits of boot loaders. Kernel, initramfs and root images must fit into the known
 * memory of the machine, and the command line into what its kernel accepts.
 */
export async function bootFault(machine: BootMachine, { root, line }: FaultParts): Promise<string | undefined> {
  const sizes: number[] = [];
  for (const [url, path] of [["/boot/kernel", machine.kernel], ["/boot/initrd", machine.initrd]] as const) {
    const size = await sizeOf(root, path);
    if (size === undefined) return `there is no file ${path} below the boot files, which is its ${url}`;
    if (size === 0) return `the file ${path} is empty, which is its ${url}`;
    if (size > MAX_FILE) {
      return `the file ${path} has ${mib(size)}, which is its ${url}: boot loaders take less than ${mib(MAX_FILE)}`;
    }
    sizes.push(size);
  }
  return memoryFault(machine, sizes, await imageSizes(root, machine)) ?? lineFault(line(machine));
}

/** Loaded and unpacked, they need even more memory: what is refused here cannot work. */
function memoryFault({ memory }: BootMachine, files: readonly number[], images: readonly number[]): string | undefined {
  if (memory === undefined) return undefined;
  const initrd = files.at(-1) ?? 0;
  const had = memory.from === "/boot/memory"
    ? `the ${memory.mib} MiB of memory that its /boot/memory says`
    : `the ${memory.mib} MiB of memory that it had when it last ran (/boot/memory says it where it has more by now)`;
  for (
    const [what, bytes] of [
      ["its kernel and initramfs have", sum(files)],
      ["its initramfs and root image have", images.length === 0 ? 0 : initrd + sum(images)],
    ] as const
  ) {
    if (bytes > memory.mib * MIB) return `${what} ${mib(bytes)}, more than ${had}`;
  }
  return undefined;
}

function lineFault({ length }: string): string | undefined {
  if (length <= COMMAND_LINE_LIMIT) return undefined;
  return `its kernel's command line has ${length} characters, of which a kernel takes ${COMMAND_LINE_LIMIT}: ` +
    "shorten its /boot/arguments";
}

/** Returns the sizes of existing images: an image can still be added before the agent requests it. */
async function imageSizes(root: string, { images }: BootMachine): Promise<number[]> {
  const sizes = [];
  for (const name of images) sizes.push(await sizeOf(root, `images/${name}`) ?? 0);
  return sizes;
}

async function sizeOf(root: string, path: string): Promise<number | undefined> {
  const file = await openFile(root, path);
  await file?.handle.close();
  return file?.size;
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all + size, 0);
}

function mib(bytes: number): string {
  return `${Math.ceil(bytes / MIB)} MiB`;
}

import type { BootHost } from "../../src/boot/mod.ts";
import { openFile } from "./open_file.ts";

/** What the log says when a machine asks for a file that nobody has put there. */
export const NOT_THERE = "A machine asked for a boot file that is not there";

/** What a machine's cfg names that is not there, in words; undefined: its kernel and its initramfs can be had. */
export async function missingFile(
  root: string,
  { kernel, initrd }: Pick<BootHost, "kernel" | "initrd">,
): Promise<string | undefined> {
  for (const [url, path] of [["/boot/kernel", kernel], ["/boot/initrd", initrd]] as const) {
    const file = await openFile(root, path);
    if (file === undefined) return `there is no file ${path} below the boot files, which is its ${url}`;
    await file.handle.close();
  }
  return undefined;
}

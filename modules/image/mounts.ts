import { readFileSync } from "node:fs";

/** One mount, as the kernel lists it. */
export interface Mount {
  readonly at: string;
  /** What is mounted: for an overlay the name that it was given. */
  readonly source: string;
}

/** The mounts of this process, in the order in which they were made. */
export function readMounts(): Mount[] {
  return parseMounts(readFileSync("/proc/self/mountinfo", "utf8"));
}

/** Reads a list of mounts in the format of `/proc/PID/mountinfo` (proc_pid_mountinfo(5)). */
export function parseMounts(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [before, after] = line.split(" - ");
    const at = before?.split(" ")[4];
    const source = after?.split(" ")[1];
    return at === undefined || source === undefined ? [] : [{ at: unescape(at), source: unescape(source) }];
  });
}

/** Those at or below a folder. */
export function mountsBelow(mounts: readonly Mount[], folder: string): string[] {
  return mounts.map(({ at }) => at).filter((at) => at === folder || at.startsWith(`${folder}/`));
}

/** Blanks and backslashes stand there as three octal digits. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

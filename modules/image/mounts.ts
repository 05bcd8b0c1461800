import { readFileSync } from "node:fs";
import process from "node:process";
import type { Clock } from "../../src/clock.ts";
import { execute } from "../../src/process/mod.ts";
import { durationText, errorText, within } from "../../src/toolkit/mod.ts";
import type { MountCommand } from "./commands.ts";

/** How long a command may take, in milliseconds. */
const LIMIT = 20_000;

/** Where to search for commands, in an initramfs and elsewhere. */
export const COMMAND_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** One mount, as the kernel lists it. */
export interface Mount {
  readonly at: string;
  /** What is mounted: for an overlay, its name. */
  readonly source: string;
}

/** Lists the mounts of this process, in the order in which they were made. */
export function readMounts(): Mount[] {
  return parseMounts(readFileSync("/proc/self/mountinfo", "utf8"));
}

/** Parses `text` in the format of `/proc/PID/mountinfo` (proc_pid_mountinfo(5)). */
export function parseMounts(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [before, after] = line.split(" - ");
    const at = before?.split(" ")[4];
    const source = after?.split(" ")[1];
    return at === undefined || source === undefined ? [] : [{ at: unescape(at), source: unescape(source) }];
  });
}

/** Lists those of `mounts` at or below `folder`. */
export function mountsBelow(mounts: readonly Mount[], folder: string): string[] {
  return mounts.map(({ at }) => at).filter((at) => at === folder || at.startsWith(`${folder}/`));
}

/** Blanks and backslashes are written as three octal digits. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/**
 * Runs a command that mounts or unmounts something.
 *
 * @param clock Limits its time.
 * @throws {Error} If it cannot be run, fails, or takes longer than 20 s. The message quotes its output.
 */
export async function runMountCommand({ program, args }: MountCommand, clock: Clock): Promise<void> {
  const env = { PATH: process.env["PATH"] ?? COMMAND_PATH };
  const late = `it took longer than ${durationText(LIMIT)}`;
  const why = await within({ clock, ms: LIMIT, late }, (signal) => execute(program, args, env, signal)).then(
    ({ code, stderr }) => code === 0 ? undefined : lastLine(stderr) ?? `it ended with ${code ?? "a signal"}`,
    errorText,
  );
  if (why !== undefined) throw new Error(`Cannot run '${[program, ...args].join(" ").slice(0, 200)}': ${why}`);
}

function lastLine(said: string): string | undefined {
  const line = said.trim().split("\n").at(-1)?.slice(0, 200);
  return line === "" ? undefined : line;
}

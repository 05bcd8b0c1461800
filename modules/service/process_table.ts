import { readFileSync } from "node:fs";

/** What names one process for good: process ids are used again, so its start time belongs to it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** The boot that it lives in. */
  readonly boot: string;
  /** Clock ticks from that boot to its start: field 22 of `/proc/PID/stat`. */
  readonly started: string;
}

/** The kernel's random name of the current boot. */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** The identity of a running process; undefined when there is none, or only what is left of one (a zombie). */
export function identityOf(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the command in parentheses, and may itself hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, started] = [fields[0], fields[19]];
    if (started === undefined || state === "Z" || state === "X") return undefined;
    return { pid, boot: bootId(), started };
  } catch {
    return undefined; // it has ended
  }
}

/** Tells whether the very process still runs. */
export function isRunning(process: ProcessIdentity): boolean {
  const now = identityOf(process.pid);
  return now !== undefined && now.started === process.started && now.boot === process.boot;
}

/** Sends a signal to every process of a group; a group that is gone is fine. */
export function signalGroup(leader: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

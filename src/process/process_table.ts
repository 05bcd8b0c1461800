import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";

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

/** The identity of a process; undefined when there is none. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  return stat && { pid, boot: bootId(), started: stat.started };
}

/** Tells whether the very process still runs: what is left of one that has ended (a zombie) does not. */
export function isRunning(known: ProcessIdentity): boolean {
  const stat = readStat(known.pid);
  if (stat === undefined || stat.state === "Z" || stat.state === "X") return false;
  return stat.started === known.started && known.boot === bootId();
}

/** The processes whose parent this one is. */
export function childrenOf(pid: number): number[] {
  return processIds().filter((child) => readStat(child)?.parent === pid);
}

/** The arguments of every process that has one of these, in the order of process ids. Those without arguments are left out. */
export function processesWith(argument: string): { readonly pid: number; readonly args: readonly string[] }[] {
  return processIds().flatMap((pid) => {
    const args = argumentsOf(pid);
    return args.includes(argument) ? [{ pid, args }] : [];
  });
}

/** The program and arguments of a process; empty when it has ended. */
export function argumentsOf(pid: number): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return text === "" ? [] : text.replace(/\0$/, "").split("\0");
  } catch {
    return []; // nobody has collected it, or it is gone
  }
}

/** The processes of a group that run: what has ended and was not waited for (a zombie) is left out. */
export function membersOf(group: number): number[] {
  return processIds().filter((pid) => {
    const stat = readStat(pid);
    return stat?.group === group && stat.state !== "Z" && stat.state !== "X";
  });
}

/** The processes whose environment has this variable with this value, as far as this program may see that. */
export function processesMarked(variable: string, value: string): number[] {
  const mark = `${variable}=${value}`;
  return processIds().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(mark);
    } catch {
      return false; // it has ended, or is another user's
    }
  });
}

function processIds(): number[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).sort((a, b) => a - b);
}

function readStat(
  pid: number,
): { readonly state: string; readonly parent: number; readonly group: number; readonly started: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the command in parentheses, and may itself hold anything.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [state, parent, group, started] = [fields[0], Number(fields[1]), Number(fields[2]), fields[19]];
    return state === undefined || started === undefined ? undefined : { state, parent, group, started };
  } catch {
    return undefined; // it has ended
  }
}

/** Sends a signal to the very process; one that has ended is fine. */
export function signalProcess(known: ProcessIdentity, signal: "SIGTERM" | "SIGKILL"): void {
  if (isRunning(known)) send(known.pid, signal);
}

/** Sends a signal to every process of a group; a group that is gone is fine. */
export function signalGroup(leader: number, signal: "SIGTERM" | "SIGKILL"): void {
  send(-leader, signal);
}

function send(target: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

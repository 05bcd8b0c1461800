import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";

/** Identifies one process for good: process ids are reused, so its start time is part of it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** The boot during which it runs. */
  readonly boot: string;
  /** Clock ticks from that boot to its start: field 22 of `/proc/PID/stat`. */
  readonly started: string;
}

/** Returns the kernel's random name of the current boot. */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** Returns the identity of the process `pid`; undefined if there is none. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  return stat && { pid, boot: bootId(), started: stat.started };
}

/** Tells whether exactly the process `known` is still running: a zombie is not. */
export function isRunning(known: ProcessIdentity): boolean {
  const stat = readStat(known.pid);
  if (stat === undefined || stat.state === "Z" || stat.state === "X") return false;
  return stat.started === known.started && known.boot === bootId();
}

/** Lists the children of the process `pid`. */
export function childrenOf(pid: number): number[] {
  return processIds().filter((child) => readStat(child)?.parent === pid);
}

/** Lists every process that has the argument `argument`, with all its arguments, in the order of process ids. */
export function processesWith(argument: string): { readonly pid: number; readonly args: readonly string[] }[] {
  return processIds().flatMap((pid) => {
    const args = argumentsOf(pid);
    return args.includes(argument) ? [{ pid, args }] : [];
  });
}

/** Returns program and arguments of the process `pid`; empty if it has ended. */
export function argumentsOf(pid: number): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return text === "" ? [] : text.replace(/\0$/, "").split("\0");
  } catch {
    return []; // a zombie, or ended
  }
}

/** Lists the running processes of the group `group`, without zombies. */
export function groupMembersOf(group: number): number[] {
  return processIds().filter((pid) => {
    const stat = readStat(pid);
    return stat?.group === group && stat.state !== "Z" && stat.state !== "X";
  });
}

/** Lists the processes whose environment has `variable` with `value`, as far as this program may read it. */
export function processesMarked(variable: string, value: string): number[] {
  const mark = `${variable}=${value}`;
  return processIds().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(mark);
    } catch {
      return false; // it has ended, or belongs to another user
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
    // The second field is the command in parentheses, and may contain anything.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [state, parent, group, started] = [fields[0], Number(fields[1]), Number(fields[2]), fields[19]];
    return state === undefined || started === undefined ? undefined : { state, parent, group, started };
  } catch {
    return undefined; // it has ended
  }
}

/** Sends `signal` to exactly the process `known`; ignored if it has ended. */
export function signalProcess(known: ProcessIdentity, signal: "SIGTERM" | "SIGKILL"): void {
  if (isRunning(known)) send(known.pid, signal);
}

/** Sends `signal` to every process of the group of `leader`; ignored if the group no longer exists. */
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

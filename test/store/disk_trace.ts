import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** What a program did to files, in order. */
export type DiskCall =
  | { readonly kind: "write"; readonly path: string; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "cut"; readonly path: string; readonly size: number }
  | { readonly kind: "sync"; readonly path: string }
  | { readonly kind: "remove"; readonly path: string }
  /** A line of its standard output. */
  | { readonly kind: "said"; readonly line: string };

/** The system calls that a trace has to have. */
export const TRACED = "pwrite64,write,fdatasync,fsync,ftruncate,unlink,unlinkat";

/**
 * Reads what `strace -f -y -s SIZE -e trace=...` has written of one program.
 *
 * @param stdout The path of the file that was its standard output.
 */
export function parseTrace(text: string, stdout: string): DiskCall[] {
  const begun = new Map<string, string>();
  const calls: DiskCall[] = [];
  for (const line of text.split("\n")) {
    const [, pid = "", rest = ""] = /^(\d+) +(.*)$/s.exec(line) ?? [];
    const [, start] = /^(.*) <unfinished \.\.\.>$/s.exec(rest) ?? [];
    if (start !== undefined) {
      begun.set(pid, start);
      continue;
    }
    const [, end] = /^<\.\.\. \w+ resumed>(.*)$/s.exec(rest) ?? [];
    const call = callOf(end === undefined ? rest : `${begun.get(pid) ?? ""}${end}`, stdout);
    if (call !== undefined) calls.push(call);
  }
  return calls;
}

function callOf(text: string, stdout: string): DiskCall | undefined {
  const [, name, path = "", args = ""] = /^(\w+)\(\d+<([^>]*)>,? ?(.*)\) += \d+$/s.exec(text) ?? [];
  switch (name) {
    case "pwrite64": {
      const [, data = "", , at] = /^"(.*)", (\d+), (\d+)$/s.exec(args) ?? [];
      return { kind: "write", path, at: Number(at), bytes: unescape(data) };
    }
    case "write": {
      const [, data = ""] = /^"(.*)", \d+$/s.exec(args) ?? [];
      return path === stdout ? { kind: "said", line: new TextDecoder().decode(unescape(data)).trim() } : undefined;
    }
    case "ftruncate":
      return { kind: "cut", path, size: Number(args) };
    case "fsync":
    case "fdatasync":
      return { kind: "sync", path };
    case undefined: {
      const [, removed] = /^unlink(?:at\(AT_FDCWD<[^>]*>, |\()"([^"]*)"(?:, 0)?\) += 0$/.exec(text) ?? [];
      return removed === undefined ? undefined : { kind: "remove", path: removed };
    }
    default:
      return undefined;
  }
}

const ESCAPES: { readonly [letter: string]: number } = { n: 10, t: 9, r: 13, v: 11, f: 12, '"': 34, "\\": 92 };

function unescape(text: string): Uint8Array {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== "\\") {
      bytes.push(text.charCodeAt(at));
      continue;
    }
    const [octal] = /^[0-7]{1,3}/.exec(text.slice(at + 1, at + 4)) ?? [];
    bytes.push(octal === undefined ? ESCAPES[text[at + 1] ?? ""] ?? 0 : parseInt(octal, 8));
    at += octal?.length ?? 1;
  }
  return Uint8Array.from(bytes);
}

/** A disk that keeps only what was synced: what a machine finds that lost its power. */
export interface ForgetfulDisk {
  apply(call: DiskCall): void;
  /**
   * Writes what would be found now into an empty folder.
   *
   * @param keeps Whether a write that was not synced has reached the disk all the same.
   */
  found(folder: string, keeps: () => boolean): void;
}

/** Makes a disk, empty at first. */
export function createForgetfulDisk(): ForgetfulDisk {
  const synced = new Map<string, Uint8Array>();
  const pending = new Map<string, DiskCall[]>();
  const removed = new Set<string>();

  /** A file after these calls, made in one go. */
  function changed(before: Uint8Array, calls: readonly DiskCall[]): Uint8Array {
    let size = before.length;
    let most = size;
    for (const call of calls) {
      if (call.kind === "cut") size = call.size;
      if (call.kind === "write") size = Math.max(size, call.at + call.bytes.length);
      most = Math.max(most, size);
    }
    const after = new Uint8Array(most);
    after.set(before);
    for (const call of calls) {
      if (call.kind === "cut") after.fill(0, call.size);
      if (call.kind === "write") after.set(call.bytes, call.at);
    }
    return after.subarray(0, size);
  }
  return {
    apply(call) {
      switch (call.kind) {
        case "write":
        case "cut":
          if (!pending.has(call.path)) pending.set(call.path, []);
          pending.get(call.path)?.push(call);
          break;
        case "remove":
          removed.add(call.path);
          break;
        case "sync": {
          const calls = pending.get(call.path);
          if (calls !== undefined) {
            synced.set(call.path, changed(synced.get(call.path) ?? new Uint8Array(), calls));
            pending.delete(call.path);
          }
          // A folder that is synced has forgotten what was removed from it.
          for (const path of [...removed].filter((each) => dirname(each) === call.path)) {
            removed.delete(path);
            synced.delete(path);
            pending.delete(path);
          }
          break;
        }
        case "said":
          break;
      }
    },
    found(folder, keeps) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      for (const path of new Set([...synced.keys(), ...pending.keys()])) {
        const kept = (pending.get(path) ?? []).filter(() => keeps());
        if (!synced.has(path) && kept.length === 0) continue;
        writeFileSync(join(folder, basename(path)), changed(synced.get(path) ?? new Uint8Array(), kept));
      }
    },
  };
}

import { foldNodeset, parseNodeset } from "../../src/nodeset/mod.ts";
import type { Power } from "../power/mod.ts";

/** The end of every answer. */
export const PROMPT = "powerman> ";
/** The longest list of names in a command, in characters: powermand accepts no command longer than 8 KiB. */
const MAX_LIST = 4_000;
/** The largest number of names in a command. */
const MAX_NAMES = 1_024;
/** The longest quotation of powermand, in characters. */
export const MAX_WORDS = 200;

/** Splits `names` into lists for commands, each as a hostlist such as `n[1-16],login`, with the names in it. */
export function hostlistsOf(names: Iterable<string>): { readonly text: string; readonly names: readonly string[] }[] {
  const lists: { text: string; names: string[] }[] = [];
  let rest = [...new Set(names)];
  while (rest.length > 0) {
    let count = Math.min(rest.length, MAX_NAMES);
    let text = foldNodeset(rest.slice(0, count));
    while (text.length > MAX_LIST && count > 1) {
      count = Math.ceil(count / 2);
      text = foldNodeset(rest.slice(0, count));
    }
    lists.push({ text, names: rest.slice(0, count) });
    rest = rest.slice(count);
  }
  return lists;
}

/** An answer of powermand to one command: lines with codes of three digits, the last one with the result. */
export interface PowermanAnswer {
  /** 1xx: done; 2xx: failed, completely or in part. */
  readonly code: number;
  /** The text of the last line, which may contain a long list of names. */
  readonly words: string;
  /** By name: the power that the command found. */
  readonly power: ReadonlyMap<string, Power>;
  /** Reports of devices that failed, such as `v1: connect timeout`. */
  readonly problems: readonly string[];
  /** By name: what went wrong with that plug (a diagnostic, since powermand 2.4). */
  readonly diagnostics: ReadonlyMap<string, string>;
  /** Output of devices, line by line, while telemetry is on. */
  readonly heard: readonly string[];
}

/** The largest number of lines of devices' output to keep. */
const MAX_HEARD = 200;

const DIAGNOSTIC = /^309 ([^:\s]+): *(.*)$/;
const PLUG = /^303 ([^:\s]+): (on|off|unknown)\b/;

/** Parses the answer `text`, without the prompt. @returns Undefined if it is not an answer. */
export function parseAnswer(text: string): PowermanAnswer | undefined {
  const lines = text.split(/\r?\n/).filter((line) => line !== "");
  const [, code, words = ""] = /^([12]\d\d) ?(.*)$/.exec(lines.at(-1) ?? "") ?? [];
  if (code === undefined) return undefined;
  const power = new Map<string, Power>();
  const problems: string[] = [];
  const diagnostics = new Map<string, string>();
  const heard: string[] = [];
  for (const line of lines.slice(0, -1)) {
    const [, name, state] = PLUG.exec(line) ?? [];
    const [, plug, what = ""] = DIAGNOSTIC.exec(line) ?? [];
    if (name !== undefined) power.set(name, state === "on" || state === "off" ? state : "unknown");
    else if (plug !== undefined) diagnostics.set(plug, what.slice(0, MAX_WORDS));
    else if (line.startsWith("308 ") || line.startsWith("307 ")) problems.push(line.slice(4, 4 + MAX_WORDS));
    else heard.push(...heardIn(line).slice(0, MAX_HEARD - heard.length));
  }
  return { code: Number(code), words, power, problems, diagnostics, heard };
}

/**
 * Returns what a device said from a line of telemetry such as `305 recv(v1): 'n7: timeout\n'`; what it was sent is left
 * out.
 */
function heardIn(line: string): string[] {
  const said = /^305 recv\([^)]*\): '(.*)'$/.exec(line)?.[1] ?? "";
  return said.split(/\\[nr]/).map((each) => each.trim()).filter((each) => each !== "");
}

/** Words with which devices report a problem. */
const TROUBLE =
  /timeout|timed out|error|fail|invalid|denied|unavailable|unknown|busy|unauthori|refused|cannot|can't|not \w+|no such/i;
/** A login prompt of a device: the reply to it may be repeated next to it. */
const LOGIN = /(password|passwd|login|user ?name)\s*:/i;

/**
 * Finds what went wrong with the plug `name` in the lines `heard`: in lines that begin with its name, or in those that
 * begin with no other name. Parts of a login are left out.
 */
export function troubleOf(name: string, heard: readonly string[]): string | undefined {
  const subject = (line: string) => /^([^\s:>]+):/.exec(line)?.[1] ?? "";
  const subjects = new Set(heard.map(subject).filter((each) => each !== ""));
  // A device may use another name for the plug; if it is the only one mentioned, it must be this plug's.
  const own = subjects.has(name) || subjects.size !== 1 ? name : [...subjects][0];
  const lines = heard.filter((line) => TROUBLE.test(line) && !LOGIN.test(line));
  const found = lines.filter((line) => subject(line) === own || subject(line) === "");
  return found.length === 0 ? undefined : found.slice(0, 2).join("; ").slice(0, MAX_WORDS);
}

/** Returns the names that powermand does not know, as in `209 No such nodes: n99,m[1-2]`; empty for another answer. */
export function unknownNames({ code, words }: PowermanAnswer): ReadonlySet<string> {
  const list = code === 209 ? /^No such nodes: *(\S+)/.exec(words)?.[1] : undefined;
  const parsed = list === undefined ? undefined : parseNodeset(list);
  return new Set(parsed?.ok === true ? parsed.names : []);
}

import { foldNodeset, parseNodeset } from "../../src/nodeset/mod.ts";
import type { Power } from "../power/mod.ts";

/** What ends every answer. */
export const PROMPT = "powerman> ";
/** The longest list of names in a command, in characters: powermand takes no command of more than 8 KiB. */
const MAX_LIST = 4_000;
/** The most names that are asked for at once. */
const MAX_NAMES = 1_024;
/** The longest words of powermand that are passed on, in characters. */
export const MAX_WORDS = 200;

/** Lists of names for commands, each as hostlists such as `n[1-16],login`, and what is in them. */
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

/** An answer of powermand to one command: lines, each with a code of three digits, the last one with its outcome. */
export interface Answer {
  /** 1xx: done; 2xx: failed, wholly or in part. */
  readonly code: number;
  /** What the last line says: perhaps with a long list of names in it. */
  readonly words: string;
  /** By name: what the command found out. */
  readonly power: ReadonlyMap<string, Power>;
  /** What it says of devices that failed, such as `v1: connect timeout`. */
  readonly problems: readonly string[];
  /** By name: what it says went wrong with that plug (a diagnostic, which powermand 2.4 has). */
  readonly diagnostics: ReadonlyMap<string, string>;
  /** What devices said, line by line, while telemetry is on. */
  readonly heard: readonly string[];
}

/** The most lines that are kept of what devices said. */
const MAX_HEARD = 200;

const DIAGNOSTIC = /^309 ([^:\s]+): *(.*)$/;
const PLUG = /^303 ([^:\s]+): (on|off|unknown)\b/;

/** Reads an answer, without the prompt. @returns Undefined when it is none. */
export function parseAnswer(text: string): Answer | undefined {
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

/** What a device said, of a line of telemetry such as `305 recv(v1): 'n7: timeout\n'`; what it was sent is left out. */
function heardIn(line: string): string[] {
  const said = /^305 recv\([^)]*\): '(.*)'$/.exec(line)?.[1] ?? "";
  return said.split(/\\[nr]/).map((each) => each.trim()).filter((each) => each !== "");
}

/** Words by which devices tell that something went wrong. */
const TROUBLE =
  /timeout|timed out|error|fail|invalid|denied|unavailable|unknown|busy|unauthori|refused|cannot|can't|not \w+|no such/i;
/** What a device asks for, beside which what it is given may be repeated. */
const LOGIN = /(password|passwd|login|user ?name)\s*:/i;

/**
 * What devices said went wrong with a plug: in lines that begin with its name, or in those that begin with no other's. Nothing
 * that may be a part of a login is among it.
 */
export function troubleOf(name: string, heard: readonly string[]): string | undefined {
  const subject = (line: string) => /^([^\s:>]+):/.exec(line)?.[1] ?? "";
  const subjects = new Set(heard.map(subject).filter((each) => each !== ""));
  // A device may have another name for the plug, which can be no other's where it is the only one that is spoken of.
  const own = subjects.has(name) || subjects.size !== 1 ? name : [...subjects][0];
  const lines = heard.filter((line) => TROUBLE.test(line) && !LOGIN.test(line));
  const found = lines.filter((line) => subject(line) === own || subject(line) === "");
  return found.length === 0 ? undefined : found.slice(0, 2).join("; ").slice(0, MAX_WORDS);
}

/** The names that powermand says it does not know, as in `209 No such nodes: n99,m[1-2]`; empty where it does not say so. */
export function unknownNames({ code, words }: Answer): ReadonlySet<string> {
  const list = code === 209 ? /^No such nodes: *(\S+)/.exec(words)?.[1] : undefined;
  const parsed = list === undefined ? undefined : parseNodeset(list);
  return new Set(parsed?.ok === true ? parsed.names : []);
}

import { defaultText, type Option, type Options } from "./option.ts";

/** The parts of a help text. */
export interface HelpParts {
  /** The command line: `krakenctl get nodes [NODESET]`. */
  readonly usage: string;
  /** The purpose, in a sentence or more. */
  readonly about: string;
  /** Commands and the like: name and purpose. */
  readonly lists?: readonly {
    readonly title: string;
    readonly entries: readonly (readonly [name: string, help: string])[];
  }[];
  readonly options: readonly { readonly title: string; readonly options: Options }[];
  readonly examples?: readonly string[];
}

/** Renders the text of `--help` from its `parts`. */
export function renderHelp(parts: HelpParts): string {
  const sections = [`Usage: ${parts.usage}`, parts.about];
  for (const { title, entries } of parts.lists ?? []) sections.push(renderEntries(title, entries));
  for (const { title, options } of parts.options) {
    const entries = Object.entries(options).map(([name, option]) => [optionName(name, option), optionHelp(option)]);
    if (entries.length > 0) sections.push(renderEntries(title, entries as [string, string][])); // pairs, from map above
  }
  if (parts.examples !== undefined) {
    sections.push(["Examples:", ...parts.examples.map((line) => `  ${line}`)].join("\n"));
  }
  return `${sections.join("\n\n")}\n`;
}

function renderEntries(title: string, entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  return [`${title}:`, ...entries.map(([name, help]) => `  ${name.padEnd(width)}  ${help}`)].join("\n");
}

function optionName(name: string, option: Option): string {
  const short = option.short === undefined ? "    " : `-${option.short}, `;
  return `${short}--${name}${option.kind === "boolean" ? "" : ` ${placeholderOf(option)}`}`;
}

function placeholderOf(option: Option): string {
  if (option.placeholder !== undefined) return option.placeholder;
  if (option.kind === "string" && option.choices !== undefined) return option.choices.join("|");
  return option.kind === "list" || option.kind === "string" ? "TEXT" : option.kind.toUpperCase();
}

function optionHelp(option: Option): string {
  const notes: string[] = [];
  const initial = defaultText(option);
  if (initial !== undefined) notes.push(`default ${initial}`);
  if (option.kind !== "boolean" && option.kind !== "list" && option.required === true) notes.push("required");
  if (option.kind === "list") notes.push("may be given more than once");
  if (option.env !== undefined) notes.push(`environment ${option.env}`);
  return notes.length === 0 ? option.help : `${option.help} (${notes.join("; ")})`;
}

/** The options that every program has, for its help. */
export const standardOptions = {
  help: { kind: "boolean", short: "h", help: "Show this help" },
  version: { kind: "boolean", help: "Show the version and what it runs on" },
} as const satisfies Options;

import { program as agentProgram } from "../../agent/options.ts";
import { program as aggregatorProgram } from "../../aggregator/options.ts";
import { builtInDeclarations } from "../../modules/manifest.ts";
import { defaultText, type Option, type Options } from "../../src/cli/mod.ts";
import { policy } from "../../src/engine/mod.ts";
import { AGGREGATOR_KEYS, FILE_KEYS, NODE_KEYS } from "../../src/inventory/mod.ts";
import {
  type Extension,
  KEPT_URLS,
  readAbout,
  typeText,
  type Variable,
  type VariableType,
} from "../../src/state/mod.ts";
import { describeHttp } from "./http_reference.ts";
import { type GeneratedPage, generatedProblems, markdownTable, writeGenerated } from "./generated.ts";

const PAGES: readonly GeneratedPage[] = [
  {
    file: "docs/reference/aggregator.md",
    source: "aggregator/options.ts",
    make: () => options(aggregatorProgram.options),
  },
  { file: "docs/reference/agent.md", source: "agent/options.ts", make: () => options(agentProgram.options) },
  { file: "docs/reference/variables.md", source: "the declarations of the modules", make: describeVariables },
  { file: "docs/reference/http.md", source: "src/api", make: describeHttp },
  { file: "docs/reference/inventory.md", source: "src/inventory", make: describeInventory },
];

/** Checks that the tables of the reference pages are up to date. @returns Problems as `file:line: message`. */
export function referenceProblems(root: string): string[] {
  return PAGES.flatMap((page) => generatedProblems(root, page));
}

/** Regenerates the tables of the reference pages. */
export function writeReference(root: string): void {
  for (const page of PAGES) writeGenerated(root, page);
}

function options(all: Options): string {
  const rows = Object.entries(all).map(([name, option]) => [
    `\`--${name}${valueOf(option)}\``,
    "required" in option && option.required === true ? "required" : code(defaultText(option)),
    code(option.env),
    rangeOf(option) === "" ? option.help : `${option.help} (${rangeOf(option)})`,
  ]);
  return lines(markdownTable(["option", "default", "environment", "meaning"], rows));
}

function valueOf(option: Option): string {
  if (option.kind === "boolean") return "";
  if (option.kind === "string" && option.choices !== undefined) return ` ${option.choices.join("|")}`;
  return ` ${option.placeholder ?? option.kind.toUpperCase()}`;
}

function rangeOf(option: Option): string {
  if (option.kind !== "integer" || option.max === undefined) return "";
  return `${option.min ?? 0} to ${option.max}`;
}

/** All extensions with the names of the modules that declare them, each once. */
function extensions(): Map<string, { readonly extension: Extension; readonly modules: readonly string[] }> {
  const found = new Map<string, { readonly extension: Extension; readonly modules: readonly string[] }>();
  for (const { name, extensions } of builtInDeclarations) {
    for (const extension of extensions) {
      const modules = found.get(extension.name)?.modules ?? [];
      found.set(extension.name, { extension, modules: [...modules, name] });
    }
  }
  return found.set(policy.name, { extension: policy, modules: [] });
}

function describeVariables(): string {
  const goals = goalUrls();
  return lines(
    [...extensions().values()].flatMap(({ extension, modules }, at) => [
      ...(at === 0 ? [] : [""]),
      `## ${extension.name}`,
      "",
      `Declared by ${
        modules.length === 0
          ? "the engine"
          : modules.length === builtInDeclarations.length
          ? "every module"
          : list(modules)
      }.`,
      "",
      ...markdownTable(
        ["URL", "type", "unit", "writer", "meaning", "default"],
        Object.entries(extension.variables).map(([url, variable]) => variableRow(url, variable, goals)),
      ),
    ]),
  );
}

function variableRow(url: string, variable: Variable, goals: ReadonlySet<string>): string[] {
  const { meaning, unit, normal } = readAbout(variable);
  return [`\`${url}\``, markdownType(variable.type), unit, writerText(url, variable, goals), meaning, normal];
}

function writerText(url: string, { about, writer, reported }: Variable, goals: ReadonlySet<string>): string {
  if (KEPT_URLS.has(url)) return "root";
  if (writer === "cfg") return "people";
  const isOfAggregator = about.startsWith("Of an aggregator");
  const by = writer === "self" ? (isOfAggregator ? "itself" : "agent") : (isOfAggregator ? "its parent" : "aggregator");
  return `${by}${goals.has(url) ? "; goal" : ""}${reported === true ? "; reported" : ""}`;
}

/** The variables that some mutation changes: cfg may ask for values of them. */
function goalUrls(): ReadonlySet<string> {
  return new Set(
    builtInDeclarations.flatMap(({ mutations }) =>
      Object.values(mutations).flatMap(({ changes }) => Object.keys(changes))
    ),
  );
}

function markdownType(type: VariableType): string {
  return typeText(type, (value) => `\`${value}\``);
}

/** The values that may be a goal: the first value of an enumeration means "unknown". */
function goalText(type: VariableType): string {
  return type.kind === "enum" ? type.values.slice(1).map((value) => `\`${value}\``).join(", ") : markdownType(type);
}

function describeInventory(): string {
  const all = [...extensions().values()].flatMap(({ extension }) => Object.entries(extension.variables));
  const goals = goalUrls();
  const settable = all.filter(([url, { writer }]) => writer === "cfg" && !KEPT_URLS.has(url) && isOfNodes(url));
  return lines([
    "## Keys of the file",
    "",
    ...markdownTable(["key", "meaning"], keyRows(FILE_KEYS)),
    "",
    "## Keys of an aggregator",
    "",
    ...markdownTable(["key", "meaning"], keyRows(AGGREGATOR_KEYS)),
    "",
    "## Keys of an entry of nodes",
    "",
    ...markdownTable(["key", "meaning"], [
      ...keyRows(NODE_KEYS),
      ...settable.map(([url, variable]) => [`\`${keyOf(url)}\``, readAbout(variable).meaning]),
    ]),
    "",
    "## Goals below `desired`",
    "",
    ...markdownTable(
      ["key", "values"],
      all.filter(([url, { writer }]) => writer !== "cfg" && goals.has(url) && !url.includes("{"))
        .map(([url, { type }]) => [`\`${keyOf(url)}\``, goalText(type)]),
    ),
  ]);
}

/** Whether a variable is written as a key of a node: some have keys of their own, or belong to aggregators. */
function isOfNodes(url: string): boolean {
  return !/^\/(name|deleted|role|standby|limits|invariants|engine|services)(\/|$)/.test(url);
}

function keyRows(keys: { readonly [key: string]: string }): string[][] {
  return Object.entries(keys).map(([key, meaning]) => [`\`${key}\``, meaning]);
}

/** A URL as keys of YAML: `/boot/method` is `boot.method`. */
function keyOf(url: string): string {
  return url.slice(1).replaceAll("/", ".");
}

function code(text: string | undefined): string {
  return text === undefined ? "" : `\`${text}\``;
}

function list(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}

function lines(all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}

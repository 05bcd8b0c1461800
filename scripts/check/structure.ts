import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { isSyntax, parseModule, type Syntax, syntaxChildrenOf, syntaxNameOf } from "../syntax.ts";
import { filesBelow } from "./files.ts";

/** A function longer than this fits no screen, in lines. */
const LONG_FUNCTION = 100;
/** An interface of more members than this has more than one subject. */
const WIDE_INTERFACE = 8;
/** A file of fewer lines than this is a shard of a subject. */
const SHORT_FILE = 40;
const LONG_FILE = 250;

/** A place in the code: `file:line name`. */
type Place = string;

/** What the code looks like from outside: figures to keep an eye on, no rules. */
export interface Structure {
  /** Files and lines by their first folder. */
  readonly folders: ReadonlyMap<string, { readonly files: number; readonly lines: number }>;
  readonly shortFiles: readonly Place[];
  readonly longFiles: readonly Place[];
  readonly longFunctions: readonly Place[];
  readonly wideInterfaces: readonly Place[];
  /** Exported, and imported by no other file. */
  readonly unusedExports: readonly Place[];
  readonly functions: Documented;
}

/** How exported functions are documented. */
export interface Documented {
  readonly exported: number;
  readonly undocumented: readonly Place[];
  /** The number of those with parameters; and the ones among them whose comment does not name each parameter. */
  readonly withParameters: number;
  readonly parametersUntold: readonly Place[];
  /** The number of those that throw in their own body; and the ones among them whose comment does not say so. */
  readonly throwing: number;
  readonly errorsUntold: readonly Place[];
}

interface Exported {
  readonly name: string;
  readonly line: number;
  /** The whole statement. */
  readonly text: string;
}

interface Source {
  readonly file: string;
  readonly exports: readonly Exported[];
  /** Names taken from files, `*` for all of them. */
  readonly imports: readonly { readonly from: string; readonly name: string; readonly as: string | undefined }[];
}

/** Measures the product (all of it but `test/`, and scripts too) below `root`. */
export function measureStructure(root: string): Structure {
  const folders = new Map<string, { files: number; lines: number }>();
  const places = { shortFiles: [], longFiles: [], longFunctions: [], wideInterfaces: [] } satisfies Places as Places;
  const documented = { exported: 0, withParameters: 0, throwing: 0 };
  const undocumented: Place[] = [];
  const parametersUntold: Place[] = [];
  const errorsUntold: Place[] = [];
  const sources: Source[] = [];
  for (const file of filesBelow(root, ".ts")) {
    const text = readFileSync(join(root, file), "utf8");
    const lines = text.split("\n").length - 1;
    const folder = file.includes("/") ? file.slice(0, file.indexOf("/")) : ".";
    const counted = folders.get(folder) ?? { files: 0, lines: 0 };
    folders.set(folder, { files: counted.files + 1, lines: counted.lines + lines });
    const tree = parseModule(text);
    sources.push(readSource(file, text, tree));
    if (folder === "test" || folder === "packages") continue;
    // A barrel is as short as what it hands on.
    if (lines < SHORT_FILE && posix.basename(file) !== "mod.ts") places.shortFiles.push(`${file} ${lines}`);
    if (lines > LONG_FILE) places.longFiles.push(`${file} ${lines}`);
    measureSizes(file, text, tree, places);
    for (const { node, start } of exportedFunctions(tree)) {
      documented.exported++;
      const comment = commentBefore(text, start);
      const place = `${file}:${lineOf(text, start)} ${syntaxNameOf(node["id"])}`;
      if (comment === undefined) undocumented.push(place);
      const parameters = parameterNames(node);
      if (parameters.length > 0) {
        documented.withParameters++;
        const untold = parameters.filter((each) => comment === undefined || !isTold(comment, each));
        if (untold.length > 0) parametersUntold.push(`${place}: ${untold.join(", ")}`);
      }
      if (throws(node)) {
        documented.throwing++;
        if (comment === undefined || !/@throws/.test(comment)) errorsUntold.push(place);
      }
    }
  }
  return {
    folders,
    ...places,
    unusedExports: findUnused(sources),
    functions: { ...documented, undocumented, parametersUntold, errorsUntold },
  };
}

interface Places {
  readonly shortFiles: Place[];
  readonly longFiles: Place[];
  readonly longFunctions: Place[];
  readonly wideInterfaces: Place[];
}

function measureSizes(file: string, text: string, tree: Syntax, places: Places): void {
  function walk(node: Syntax, name: string): void {
    const own = syntaxNameOf(node["id"]) || syntaxNameOf(node["key"]) || name;
    if (isFunction(node)) {
      const lines = text.slice(node.start, node.end).split("\n").length;
      if (lines > LONG_FUNCTION) places.longFunctions.push(`${file}:${lineOf(text, node.start)} ${own} ${lines}`);
    }
    if (node.type === "TSInterfaceDeclaration" && isSyntax(node["body"])) {
      const members = syntaxChildrenOf(node["body"]).length;
      if (members > WIDE_INTERFACE) {
        places.wideInterfaces.push(`${file}:${lineOf(text, node.start)} ${own} ${members}`);
      }
    }
    for (const child of syntaxChildrenOf(node)) walk(child, own);
  }
  walk(tree, "");
}

function isFunction({ type }: Syntax): boolean {
  return ["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression", "ObjectMethod", "ClassMethod"]
    .includes(type);
}

/** The functions that a module exports by declaring them, with where the declaration begins. */
function exportedFunctions(tree: Syntax): { readonly node: Syntax; readonly start: number }[] {
  return syntaxChildrenOf(tree).flatMap((statement) => {
    const node = statement["declaration"];
    const isOne = statement.type === "ExportNamedDeclaration" && isSyntax(node) && node.type === "FunctionDeclaration";
    return isOne ? [{ node, start: statement.start }] : [];
  });
}

function commentBefore(text: string, start: number): string | undefined {
  const before = text.slice(0, start).trimEnd();
  if (!before.endsWith("*/")) return undefined;
  const comment = before.slice(before.lastIndexOf("/*"));
  return comment.startsWith("/**") ? comment : undefined;
}

function parameterNames(node: Syntax): string[] {
  const { params } = node;
  if (!Array.isArray(params)) return [];
  return params.filter(isSyntax).map((each) => syntaxNameOf(each) || syntaxNameOf(each["left"])).filter((name) =>
    name !== ""
  );
}

function isTold(comment: string, parameter: string): boolean {
  return new RegExp(`@param ${parameter}\\b|\`${parameter}\\b`).test(comment);
}

/** Whether a function throws by itself, not in a function that it makes. */
function throws(node: Syntax): boolean {
  return syntaxChildrenOf(node).some((child) => child.type === "ThrowStatement" || !isFunction(child) && throws(child));
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

function readSource(file: string, text: string, tree: Syntax): Source {
  const exports: Exported[] = [];
  const imports: { from: string; name: string; as: string | undefined }[] = [];
  const pathOf = (node: unknown): string | undefined => {
    const value = isSyntax(node) ? node["value"] : undefined;
    return typeof value === "string" && value.startsWith(".") ? posix.join(posix.dirname(file), value) : undefined;
  };
  function take(statement: Syntax, from: string, isExport: boolean): void {
    if (statement.type === "ExportAllDeclaration") return void imports.push({ from, name: "*", as: "*" });
    for (const each of Array.isArray(statement["specifiers"]) ? statement["specifiers"].filter(isSyntax) : []) {
      const name = syntaxNameOf(each["imported"]) || syntaxNameOf(each["local"]);
      const isAll = each.type === "ImportNamespaceSpecifier";
      imports.push({ from, name: isAll ? "*" : name, as: isExport ? syntaxNameOf(each["exported"]) : undefined });
    }
  }
  function walk(node: Syntax): void {
    if (node.type === "ImportExpression" || node.type === "CallExpression" && isImport(node["callee"])) {
      const from = pathOf(node["source"] ?? (Array.isArray(node["arguments"]) ? node["arguments"][0] : undefined));
      if (from !== undefined) imports.push({ from, name: "*", as: undefined });
    }
    for (const child of syntaxChildrenOf(node)) walk(child);
  }
  walk(tree);
  for (const statement of syntaxChildrenOf(tree)) {
    const from = pathOf(statement["source"]);
    if (from !== undefined) take(statement, from, statement.type.startsWith("Export"));
    if (statement.type !== "ExportNamedDeclaration" || !isSyntax(statement["declaration"])) continue;
    const line = lineOf(text, statement.start);
    const whole = text.slice(statement.start, statement.end);
    for (const name of declaredNames(statement["declaration"])) exports.push({ name, line, text: whole });
  }
  return { file, exports, imports };
}

function isImport(node: unknown): boolean {
  return isSyntax(node) && node.type === "Import";
}

function declaredNames(declaration: Syntax): string[] {
  const { declarations } = declaration;
  const all = Array.isArray(declarations) ? declarations.filter(isSyntax) : [declaration];
  return all.map((each) => syntaxNameOf(each["id"])).filter((name) => name !== "");
}

/** Exports that no other file imports, be it by way of a module file that passes them on. */
function findUnused(sources: readonly Source[]): Place[] {
  const used = new Set<string>();
  const byFile = new Map(sources.map((source) => [source.file, source]));
  function use(file: string, name: string): void {
    if (used.has(`${file} ${name}`)) return;
    used.add(`${file} ${name}`);
    const source = byFile.get(file);
    if (source === undefined) return;
    if (name === "*") { for (const each of source.exports) use(file, each.name); }
    for (const { from, name: taken, as } of source.imports) {
      if (as === "*") use(from, name);
      else if (as !== undefined && (as === name || name === "*")) use(from, taken);
    }
  }
  for (const { imports } of sources) {
    for (const { from, name, as } of imports) if (as === undefined) use(from, name);
  }
  return sources.filter(({ file }) => !file.startsWith("test/")).flatMap(({ file, exports }) =>
    exports.filter((each) => !used.has(`${file} ${each.name}`) && !isInSignature(each, exports))
      .map(({ name, line }) => `${file}:${line} ${name}`)
  );
}

/** Whether another export of the same file speaks of this one: whoever has that one may have to name it. */
function isInSignature({ name }: Exported, exports: readonly Exported[]): boolean {
  return exports.some((other) => other.name !== name && new RegExp(`\\b${name}\\b`).test(other.text));
}

/** The figures as text; with `all`, each with its places. */
export function describeStructure(structure: Structure, all: boolean): string {
  const { folders, functions } = structure;
  const shareTold = (untold: readonly Place[], whole: number) => {
    const told = whole - untold.length;
    return `${told} of ${whole} (${Math.round(100 * told / Math.max(whole, 1))} %)`;
  };
  const lists: readonly (readonly [string, readonly Place[]])[] = [
    [`files under ${SHORT_FILE} lines`, structure.shortFiles],
    [`files over ${LONG_FILE} lines`, structure.longFiles],
    [`functions over ${LONG_FUNCTION} lines`, structure.longFunctions],
    [`interfaces over ${WIDE_INTERFACE} members`, structure.wideInterfaces],
    ["exported and unused", structure.unusedExports],
    ["exported functions without a comment", functions.undocumented],
  ];
  const rows: (readonly [string, string])[] = [
    ...[...folders].map(([folder, { files, lines }]) =>
      [`files in ${folder === "." ? "the root" : `${folder}/`}`, `${files}, ${lines} lines`] as const
    ),
    ...lists.map(([name, places]) => [name, String(places.length)] as const),
    ["exported functions", String(functions.exported)],
    ["with parameters, each told", shareTold(functions.parametersUntold, functions.withParameters)],
    ["throw, and say so", shareTold(functions.errorsUntold, functions.throwing)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`);
  const details = all
    ? [
      ...lists,
      ["parameters that are not told", functions.parametersUntold] as const,
      ["errors that are not told", functions.errorsUntold] as const,
    ].map(([name, places]) => `\n${name}\n${places.map((place) => `  ${place}\n`).join("")}`)
    : [];
  return [...table, ...details].join("");
}

import { isSyntax, parseModule, type Syntax, syntaxChildrenOf, syntaxNameOf } from "../syntax.ts";

/** One small change of a file's code. */
export interface Mutant {
  /** From the root. */
  readonly file: string;
  /** Where the change begins, from 1. */
  readonly line: number;
  /** The lines that it changes, and what they are with it. */
  readonly old: string;
  readonly new: string;
  /** What is replaced: from this offset of the file, up to before that one, by this text. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const COMPARISONS: { readonly [operator: string]: readonly string[] } = {
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "===": ["!=="],
  "!==": ["==="],
};
const ARITHMETIC: { readonly [operator: string]: string } = {
  "-": "+",
  "*": "/",
  "/": "*",
  "%": "*",
  "<<": ">>",
  ">>": "<<",
};
const METHODS: ReadonlyMap<string, string> = new Map([
  ["every", "some"],
  ["some", "every"],
  ["min", "max"],
  ["max", "min"],
]);
/** Methods that only select or arrange: the mutant goes without. */
const SELECTING: readonly string[] = ["filter", "slice", "sort", "reverse", "trim", "toLowerCase"];
/** Calls that change nothing but what is logged. */
const LOGGING = /^(?:\w+\.)*(?:log|logger|console)\.\w+\(/;
const UPPER_CASE = /^[A-Z][A-Z0-9_]+$/;

/**
 * Finds every mutant of a file: comparisons turned, conditions fixed to true or false, halves of `&&`, `||` and `??`
 * dropped, statements left out, limits lifted, arithmetic and array methods exchanged. Types, imports, what is logged and
 * the texts of errors have none.
 *
 * @param file The path from the root, as mutants name it.
 * @throws {SyntaxError} When it is no TypeScript.
 */
export function mutantsOf(file: string, source: string): Mutant[] {
  const found: Mutant[] = [];
  const add = (at: Syntax, text: string) => found.push(mutantAt(file, source, at, text));
  visit(parseModule(source), (node) => mutate(node, source, add));
  return found;
}

/** The mutant that has `text` in the place of a node. */
function mutantAt(file: string, source: string, at: { start: number; end: number }, text: string): Mutant {
  const from = source.lastIndexOf("\n", at.start - 1) + 1;
  const end = source.indexOf("\n", at.end);
  const to = end === -1 ? source.length : end;
  return {
    file,
    line: source.slice(0, at.start).split("\n").length,
    old: source.slice(from, to),
    new: source.slice(from, at.start) + text + source.slice(at.end, to),
    start: at.start,
    end: at.end,
    text,
  };
}

/** Calls `look` for each node that holds code. */
function visit(node: Syntax, look: (node: Syntax) => void): void {
  if (isWithoutMutants(node)) return;
  look(node);
  for (const child of syntaxChildrenOf(node)) visit(child, look);
}

function isWithoutMutants(node: Syntax): boolean {
  if (/^(?:Import|Export(?:All|Default))/.test(node.type)) return true;
  if (node.type === "NewExpression") return /(?:Error|Set|Map)$/.test(syntaxNameOf(node["callee"]));
  return node.type.startsWith("TS") &&
    !["TSAsExpression", "TSSatisfiesExpression", "TSNonNullExpression"].includes(node.type);
}

type Add = (at: Syntax, text: string) => void;

function mutate(node: Syntax, source: string, add: Add): void {
  const textOf = (part: Syntax) => source.slice(part.start, part.end);
  switch (node.type) {
    case "BinaryExpression":
      return mutateBinary(node, source, add);
    case "LogicalExpression": {
      const { left, right } = node;
      if (!isSyntax(left) || !isSyntax(right)) return;
      add(node, `(${textOf(left)})`);
      if (node["operator"] !== "??") add(node, `(${textOf(right)})`);
      return;
    }
    case "IfStatement":
    case "ConditionalExpression":
      for (const text of ["true", "false"]) if (isSyntax(node["test"])) add(node["test"], text);
      return;
    case "WhileStatement":
      if (isSyntax(node["test"])) add(node["test"], "false");
      return;
    case "UnaryExpression":
      if (node["operator"] === "!" && isSyntax(node["argument"])) add(node, `(${textOf(node["argument"])})`);
      return;
    case "BooleanLiteral":
      return add(node, textOf(node) === "true" ? "false" : "true");
    case "ExpressionStatement":
      if (!LOGGING.test(textOf(node)) && !/^super\b/.test(textOf(node))) add(node, ";");
      return;
    case "AssignmentExpression":
      if (node["operator"] === "+=" || node["operator"] === "-=") mutateOperator(node, source, add);
      return;
    case "VariableDeclarator":
      return liftLimit(node, textOf, add);
    case "CallExpression":
      return mutateCall(node, textOf, add);
    default:
      return;
  }
}

function mutateBinary(node: Syntax, source: string, add: Add): void {
  const { left, right, operator } = node;
  if (!isSyntax(left) || !isSyntax(right) || typeof operator !== "string") return;
  const between = source.slice(left.end, right.start);
  const others = COMPARISONS[operator] ?? [ARITHMETIC[operator] ?? ""].filter((each) => each !== "");
  const at = left.end + between.indexOf(operator);
  for (const other of others) add({ ...node, start: at, end: at + operator.length }, other);
  const isText = [left, right].some(({ type }) => type === "StringLiteral" || type === "TemplateLiteral");
  if (operator === "+" && !isText) add({ ...node, start: at, end: at + 1 }, "-");
}

function mutateOperator(node: Syntax, source: string, add: Add): void {
  const { left, operator } = node;
  if (!isSyntax(left)) return;
  const at = source.indexOf(String(operator), left.end);
  add({ ...node, start: at, end: at + 2 }, operator === "+=" ? "-=" : "+=");
}

/** A constant that is a number is a limit, a time or a share: the mutant's is a hundred times as large. */
function liftLimit(node: Syntax, textOf: (part: Syntax) => string, add: Add): void {
  const { id, init } = node;
  if (
    !isSyntax(init) || !UPPER_CASE.test(syntaxNameOf(id)) ||
    !/^[\d_.]+(?:\s*(?:\*\*?|<<)\s*[\d_]+)*$/.test(textOf(init))
  ) {
    return;
  }
  add(init, `(${textOf(init)}) * 100`);
}

function mutateCall(node: Syntax, textOf: (part: Syntax) => string, add: Add): void {
  const { callee } = node;
  if (!isSyntax(callee) || callee.type !== "MemberExpression") return;
  const { object, property } = callee;
  if (!isSyntax(object) || !isSyntax(property)) return;
  const name = syntaxNameOf(property);
  const other = METHODS.get(name);
  if (other !== undefined) add(property, other);
  if (SELECTING.includes(name)) add(node, textOf(object));
}

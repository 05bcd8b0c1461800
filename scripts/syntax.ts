import { parse } from "@babel/parser";

/** A node of a syntax tree, as far as it is read here. */
export interface Syntax {
  readonly type: string;
  /** Offsets of the source: from the first, up to before the second. */
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/**
 * Parses a TypeScript module.
 *
 * @throws {SyntaxError} When it is no TypeScript.
 */
export function parseModule(source: string): Syntax {
  const root: unknown = parse(source, {
    ...{ sourceType: "module", plugins: ["typescript"], attachComment: false },
    allowReturnOutsideFunction: true, // a piece of a function is read as well
  }).program;
  if (!isSyntax(root)) throw new SyntaxError("The parser returned no module");
  return root;
}

/** The nodes directly below a node, in the order of its fields. */
export function syntaxChildrenOf(node: Syntax): Syntax[] {
  return Object.values(node).flatMap((child) => Array.isArray(child) ? child : [child]).filter(isSyntax);
}

/** Whether a value of a syntax tree is a node of it. */
export function isSyntax(value: unknown): value is Syntax {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string" &&
    "start" in value && typeof value.start === "number" && "end" in value && typeof value.end === "number";
}

/** The name of an identifier, or an empty string. */
export function syntaxNameOf(node: unknown): string {
  return isSyntax(node) && typeof node["name"] === "string" ? node["name"] : "";
}

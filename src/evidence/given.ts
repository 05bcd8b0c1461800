import { MAX_CHAIN, MAX_STATEMENT } from "./statement.ts";
import { isRecord, readAssignment } from "../state/mod.ts";
import { PUBLIC_KEY } from "./key.ts";

/**
 * What a parent gives a child with a welcome, so that the child can prove later what it was given: signed statements.
 * The child stores the last one unchanged and presents it in its births.
 */
export interface Given {
  /** The certificates of the parent's key, the root's first; none at the root. */
  readonly chain: readonly string[];
  /** The parent's run, given to this child by this process of the parent. */
  readonly run: string;
  /** The child's term. */
  readonly term: string;
}

/** What a parent gives in addition to a child that is an aggregator. */
export interface Certified {
  /** The root's public key. */
  readonly authority: string;
  /** The certificates of the child's own key, the root's first. */
  readonly chain: readonly string[];
}

/** What an aggregator presents to its parent. */
export interface OwnRun {
  /** Its public key, which its parent certifies. */
  readonly key: string;
  /** The certificates of that key, the root's first; none before its first welcome. */
  readonly chain: readonly string[];
  /** Its run, signed with that key. */
  readonly run: string;
}

/** Parses `value`, what an aggregator presents. @returns Undefined if it is invalid. */
export function readOwnRun(value: unknown): OwnRun | undefined {
  if (!isRecord(value)) return undefined;
  const { key, run } = value;
  const chain = readChain(value["chain"]);
  return typeof key === "string" && PUBLIC_KEY.test(key) && chain !== undefined && isStatementText(run)
    ? { key, chain, run }
    : undefined;
}

/** An assignment of a node, signed by the root. */
export interface Assigned {
  readonly number: number;
  /** The aggregator's UUID. */
  readonly parent: string;
  /** Only the signature. */
  readonly proof: string;
}

/** Parses `value`, a signed assignment. @returns Undefined if it is invalid. */
export function readAssigned(value: unknown): Assigned | undefined {
  const assignment = readAssignment(value);
  const { number, parent, proof } = assignment ?? {};
  return number === undefined || parent === undefined || proof === undefined ? undefined : { number, parent, proof };
}

/** Parses `value`, what a child was given, from a frame or from disk. @returns Undefined if it is invalid. */
export function readGiven(value: unknown): Given | undefined {
  if (!isRecord(value)) return undefined;
  const { run, term } = value;
  const chain = readChain(value["chain"]);
  return chain !== undefined && isStatementText(run) && isStatementText(term) ? { chain, run, term } : undefined;
}

/** Parses `value`, the certificates of an aggregator's key. @returns Undefined if it is invalid. */
export function readCertified(value: unknown): Certified | undefined {
  if (!isRecord(value)) return undefined;
  const { authority } = value;
  const chain = readChain(value["chain"]);
  return typeof authority === "string" && PUBLIC_KEY.test(authority) && chain !== undefined
    ? { authority, chain }
    : undefined;
}

function readChain(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.length <= MAX_CHAIN && value.every(isStatementText) ? value : undefined;
}

/** A text that is short enough for a statement. Its content is checked when something depends on it. */
function isStatementText(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_STATEMENT;
}

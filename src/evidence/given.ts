import { MAX_CHAIN, MAX_STATEMENT } from "./statement.ts";
import { isRecord, readAssignment } from "../state/mod.ts";
import { PUBLIC_KEY } from "./key.ts";

/**
 * What a parent gives a child with a welcome, so that the child can show later what it was given: signed statements. The child
 * keeps the last one as it is, and shows it in its births.
 */
export interface Given {
  /** The certificates of the parent's key, the root's first; none at the root. */
  readonly chain: readonly string[];
  /** The parent's run. */
  readonly run: string;
  /** The child's term. */
  readonly term: string;
}

/** What a parent gives to a child that is an aggregator, beside that. */
export interface Certified {
  /** The root's public key. */
  readonly authority: string;
  /** The certificates of the child's own key, the root's first. */
  readonly chain: readonly string[];
}

/** What an aggregator shows its parent of itself. */
export interface OwnRun {
  /** Its public key, which its parent certifies. */
  readonly key: string;
  /** The certificates of that key, the root's first; none before its first welcome. */
  readonly chain: readonly string[];
  /** Its run, signed with that key. */
  readonly run: string;
}

/** Reads what an aggregator shows of itself. @returns Undefined when it is something else. */
export function readOwnRun(value: unknown): OwnRun | undefined {
  if (!isRecord(value)) return undefined;
  const { key, run } = value;
  const chain = readChain(value["chain"]);
  return typeof key === "string" && PUBLIC_KEY.test(key) && chain !== undefined && isStatementText(run)
    ? { key, chain, run }
    : undefined;
}

/** An assignment of a node as the root has signed it. */
export interface Assigned {
  readonly number: number;
  /** The aggregator's UUID. */
  readonly parent: string;
  /** The signature alone. */
  readonly proof: string;
}

/** Reads a signed assignment. @returns Undefined when it is something else. */
export function readAssigned(value: unknown): Assigned | undefined {
  const assignment = readAssignment(value);
  const { number, parent, proof } = assignment ?? {};
  return number === undefined || parent === undefined || proof === undefined ? undefined : { number, parent, proof };
}

/** Reads what a child was given, from a frame or from the disk. @returns Undefined when it is something else. */
export function readGiven(value: unknown): Given | undefined {
  if (!isRecord(value)) return undefined;
  const { run, term } = value;
  const chain = readChain(value["chain"]);
  return chain !== undefined && isStatementText(run) && isStatementText(term) ? { chain, run, term } : undefined;
}

/** Reads what makes an aggregator's key one of the cluster. @returns Undefined when it is something else. */
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

/** A text that is short enough for a statement. What it says is looked at when something rests on it. */
function isStatementText(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_STATEMENT;
}

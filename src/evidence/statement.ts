import { isNodeName, isRunName, isUuid } from "../state/mod.ts";
import { isSigned, PUBLIC_KEY, type Signer } from "./key.ts";

/** The longest statement, in characters. */
export const MAX_STATEMENT = 512;
/** The longest chain of certificates: the number of tiers that a tree may have below its root. */
export const MAX_CHAIN = 8;

/** The kinds of statements. Each is about one cluster and means nothing in another. */
export type Statement =
  /** The key of an aggregator, signed by its parent: a certificate. */
  | { readonly kind: "key"; readonly cluster: string; readonly aggregator: string; readonly key: string }
  /**
   * A run that the signing aggregator has reached. `process` is the process that signs, named as in its frames; `child` is
   * who may show it: the child that it is given to, or the aggregator itself, which shows it to its parent.
   */
  | {
    readonly kind: "run";
    readonly cluster: string;
    readonly aggregator: string;
    readonly process: string;
    readonly child: string;
    readonly run: number;
  }
  /** The term that the signing aggregator has given to a child. */
  | {
    readonly kind: "term";
    readonly cluster: string;
    readonly aggregator: string;
    readonly child: string;
    readonly assignment: number;
    readonly run: number;
  }
  /** How often a node's `/parent` has been set, and the last value, signed by the root. */
  | {
    readonly kind: "assignment";
    readonly cluster: string;
    readonly node: string;
    readonly number: number;
    readonly parent: string;
  };

/** Returns the text of `statement` that is signed: words separated by spaces, of which the first is its kind. */
export function statementText(statement: Statement): string {
  switch (statement.kind) {
    case "key":
      return `kraken-key ${statement.cluster} ${statement.aggregator} ${statement.key}`;
    case "run": {
      const { cluster, aggregator, process, child, run } = statement;
      return `kraken-run ${cluster} ${aggregator} ${process} ${child} ${run}`;
    }
    case "term": {
      const { cluster, aggregator, child, assignment, run } = statement;
      return `kraken-term ${cluster} ${aggregator} ${child} ${assignment} ${run}`;
    }
    case "assignment":
      return `kraken-assignment ${statement.cluster} ${statement.node} ${statement.number} ${statement.parent}`;
    default:
      return statement satisfies never;
  }
}

/** Returns `statement` followed by the signature of `signer`: see {@link statementText}. */
export function signStatement(statement: Statement, signer: Signer): string {
  const text = statementText(statement);
  return `${text} ${signer.sign(text)}`;
}

/** Tells whether the holder of `key` has signed exactly `statement`. @param signature As in {@link signStatement}. */
export function isStated(statement: Statement, signature: string, key: string): boolean {
  return isSigned(statementText(statement), signature, key);
}

/**
 * Parses a statement, `signed` by the holder of `key`.
 *
 * @returns Undefined if it is malformed or signed with another key.
 */
export function readStatement(signed: string, key: string): Statement | undefined {
  if (signed.length > MAX_STATEMENT) return undefined;
  const end = signed.lastIndexOf(" ");
  const statement = parse(signed.slice(0, Math.max(0, end)).split(" "));
  return statement !== undefined && isStated(statement, signed.slice(end + 1), key) ? statement : undefined;
}

function parse([head, cluster = "", id = "", ...rest]: readonly string[]): Statement | undefined {
  if (!isNodeName(cluster) || !isUuid(id)) return undefined;
  const [a = "", b = "", c = ""] = rest;
  const count = rest.length;
  if (head === "kraken-key" && count === 1 && PUBLIC_KEY.test(a)) {
    return { kind: "key", cluster, aggregator: id, key: a };
  }
  if (head === "kraken-run" && count === 3 && isRunName(a) && isUuid(b)) {
    const run = countOf(c);
    return run === undefined ? undefined : { kind: "run", cluster, aggregator: id, process: a, child: b, run };
  }
  if (head === "kraken-term" && count === 3 && isUuid(a)) {
    const [assignment, run] = [countOf(b), countOf(c)];
    if (assignment === undefined || run === undefined) return undefined;
    return { kind: "term", cluster, aggregator: id, child: a, assignment, run };
  }
  if (head === "kraken-assignment" && count === 2 && isUuid(b)) {
    const number = countOf(a);
    return number === undefined ? undefined : { kind: "assignment", cluster, node: id, number, parent: b };
  }
  return undefined;
}

/** Each number has exactly one notation, because the text is signed. */
function countOf(text: string): number | undefined {
  const number = Number(text);
  return /^\d{1,10}$/.test(text) && String(number) === text && number < 2 ** 32 ? number : undefined;
}

/**
 * Follows a chain of certificates down from the root.
 *
 * @param authority The root's public key.
 * @param cluster The cluster's name.
 * @param chain The first certificate is signed by the root, each other one by the holder of the key before it.
 * @param shower The child that presents it: the aggregators above it are not below it.
 * @returns The aggregator of the last certificate, and its key; undefined if a certificate is invalid, if there is
 *   none, or if the chain contains an aggregator twice: a certified aggregator can certify keys, but not of aggregators
 *   above it.
 */
export function followChain(
  authority: string,
  cluster: string,
  chain: readonly string[],
  shower?: string,
): { readonly aggregator: string; readonly key: string } | undefined {
  if (chain.length > MAX_CHAIN) return undefined;
  const passed = new Set<string | undefined>([shower]);
  let last: { readonly aggregator: string; readonly key: string } | undefined;
  for (const certificate of chain) {
    const statement = readStatement(certificate, last?.key ?? authority);
    if (statement?.kind !== "key" || statement.cluster !== cluster || passed.has(statement.aggregator)) {
      return undefined;
    }
    passed.add(statement.aggregator);
    last = { aggregator: statement.aggregator, key: statement.key };
  }
  return last;
}

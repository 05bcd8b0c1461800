import { isNodeName, isUuid } from "../state/mod.ts";
import { isSigned, PUBLIC_KEY, type Signer } from "./key.ts";

/** The longest statement, in characters. */
export const MAX_STATEMENT = 512;
/** The longest chain of certificates: as many as a tree may have tiers below its root. */
export const MAX_CHAIN = 8;

/** What can be stated. Each is about one cluster; what is stated in one means nothing in another. */
export type Statement =
  /** The key of an aggregator, by the one that serves it: a certificate. */
  | { readonly kind: "key"; readonly cluster: string; readonly aggregator: string; readonly key: string }
  /** A run of the aggregator that signs. */
  | { readonly kind: "run"; readonly cluster: string; readonly aggregator: string; readonly run: number }
  /** The term that the aggregator that signs has given to a child. */
  | {
    readonly kind: "term";
    readonly cluster: string;
    readonly aggregator: string;
    readonly child: string;
    readonly assignment: number;
    readonly run: number;
  }
  /** How often a node's `/parent` was set, and to whom, by the root. */
  | {
    readonly kind: "assignment";
    readonly cluster: string;
    readonly node: string;
    readonly number: number;
    readonly parent: string;
  };

/** The text of a statement: words with a space between, of which the first says what it is. This is what is signed. */
export function statementText(statement: Statement): string {
  switch (statement.kind) {
    case "key":
      return `kraken-key ${statement.cluster} ${statement.aggregator} ${statement.key}`;
    case "run":
      return `kraken-run ${statement.cluster} ${statement.aggregator} ${statement.run}`;
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

/** A statement with its signature behind it: see {@link statementText}. */
export function signStatement(statement: Statement, signer: Signer): string {
  const text = statementText(statement);
  return `${text} ${signer.sign(text)}`;
}

/** Whether the holder of a key has signed just this. @param signature As {@link signStatement} puts it behind the text. */
export function isStated(statement: Statement, signature: string, key: string): boolean {
  return isSigned(statementText(statement), signature, key);
}

/**
 * Reads a statement that the holder of a key has signed.
 *
 * @returns Undefined when it is none, or somebody else's.
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
  if (head === "kraken-run" && count === 1) {
    const run = countOf(a);
    return run === undefined ? undefined : { kind: "run", cluster, aggregator: id, run };
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

/** One text for each number: what is signed has no other form. */
function countOf(text: string): number | undefined {
  const number = Number(text);
  return /^\d{1,10}$/.test(text) && String(number) === text && number < 2 ** 32 ? number : undefined;
}

/**
 * Follows certificates down from the root.
 *
 * @param authority The root's public key.
 * @param chain The first is signed by the root, each other one by the holder of the key before it.
 * @param shower Who shows it of those above: they are not below it.
 * @returns Whose key the last one is of, and the key; undefined when a link of the chain does not hold, or there is none, or
 * when it passes an aggregator twice: whoever is certified can certify keys, but not of those above.
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

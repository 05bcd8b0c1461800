import { isPattern, matchUrl, type Schema, type Value } from "../../src/state/mod.ts";
import type { NodeDetail } from "../control/detail.ts";
import type { TreeEntry } from "../status/tree.ts";

/** Most aggregators that the document of the tree lists, of about 250 bytes each. */
const MAX_LISTED = 1_000;
/** Longest reason in a document, in characters. */
const MAX_REASON = 500;

/** Combines the states to which `since` refers into one string, to compare them with earlier ones. */
export function statesOf(
  { physState, runState, phase }: { readonly physState: unknown; readonly runState: unknown; readonly phase: unknown },
): string {
  return `${physState} ${runState} ${phase}`;
}

/**
 * Builds the JSON document of a node. Every document has all fields, so that tables get stable columns; missing values are null.
 *
 * @param since When the node reached its current states, ISO 8601.
 */
export function nodeDocument(node: NodeDetail, since: string): string {
  const { name, id, platform, parent, physState, runState, link, phase, late, stale } = node;
  return JSON.stringify({
    ...{ name, id, physState, runState, phase, reason: node.reason.slice(0, MAX_REASON) },
    late: late !== undefined,
    lateReason: late?.why.slice(0, MAX_REASON) ?? null,
    stale: stale !== undefined,
    staleSince: stale?.since ?? null,
    ...{ parent, platform, link },
    image: node.cfg.get("/image/name") ?? null,
    imageState: node.dsc.get("/image/state") ?? null,
    since,
  });
}

/**
 * Finds the single values of a node to publish: discovered values, and for variables that people write the desired value.
 *
 * @param wanted State URLs, and patterns such as `/services/{name}/state`.
 * @returns Pairs of a URL and its value as text.
 */
export function* nodeValues(
  { cfg, dsc }: NodeDetail,
  wanted: readonly string[],
  schema: Pick<Schema, "find" | "unknownOf">,
): Generator<[url: string, text: string]> {
  for (const pattern of wanted) {
    if (isPattern(pattern)) {
      for (const [url, value] of dsc) if (matchUrl(pattern, url) !== undefined) yield [url, valueText(value)];
      continue;
    }
    const isSet = schema.find(pattern)?.variable.writer === "cfg";
    const value = isSet ? cfg.get(pattern) : dsc.get(pattern) ?? schema.unknownOf(pattern);
    if (value !== undefined) yield [pattern, valueText(value)];
  }
}

/** Formats a value as plain text; lists and objects as JSON. */
function valueText(value: Value): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Builds the JSON document of the tree from the entries of `Control.tree`, of which the first is the aggregator itself. */
export function treeDocument(tree: readonly TreeEntry[]): string {
  const [own] = tree;
  return JSON.stringify({
    name: own?.name ?? null,
    health: own?.health ?? "UNKNOWN",
    ...own?.counts,
    list: tree.slice(0, MAX_LISTED).map(({ name, parent, health, counts, link, stale, brokerLost }) => ({
      ...{ name, parent, health, link },
      staleSince: stale?.since ?? brokerLost?.since ?? null,
      ...counts,
    })),
    unlisted: Math.max(0, tree.length - MAX_LISTED),
  });
}

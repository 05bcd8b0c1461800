import { isPattern, matchUrl, type Schema, type Value } from "../../src/state/mod.ts";
import type { NodeDetail } from "../control/detail.ts";
import type { TreeEntry } from "../status/tree.ts";

/** The most aggregators that the document of the tree lists: some 250 bytes each. */
const MAX_LISTED = 1_000;
/** The longest reason in a document, in characters. */
const MAX_REASON = 500;

/** The states that `since` is about, as one text, to compare with what they were. */
export function statesOf(
  { physState, runState, phase }: { readonly physState: unknown; readonly runState: unknown; readonly phase: unknown },
): string {
  return `${physState} ${runState} ${phase}`;
}

/**
 * The JSON document of a node. Every document has every field, so that tables have columns: null where there is nothing.
 *
 * @param since When the node came to its states, ISO 8601.
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
 * The single values of a node that are published: what is known of it, and of variables that people set what they have set.
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

/** A value as plain text: what has parts is JSON. */
function valueText(value: Value): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The JSON document of the tree, from the entries of `Control.tree`: the first one is the aggregator itself. */
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

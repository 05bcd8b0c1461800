import { type List, operations } from "../../src/api/mod.ts";
import { toNested } from "../../src/state/mod.ts";
import type { Control } from "../control/control.ts";
import type { NodeSummary } from "../control/detail.ts";
import type { Outcome } from "../../src/http/mod.ts";
import { etagOf } from "./etag.ts";
import { readFilter } from "./filter.ts";
import type { Handlers } from "./handler.ts";
import { pageOf, pickFields } from "./list.ts";
import { findNode, findNodes } from "./lookup.ts";
import { presentNode, presentSummary } from "./present.ts";
import type { ToTime } from "./time.ts";

const LIST: List = operations.listNodes.list;

/** Lists nodes, and tells everything about one. */
export function createNodeHandlers(
  control: Control,
  toTime: ToTime,
): Pick<Handlers, "listNodes" | "getNode" | "getCfg" | "getDsc"> {
  const listAll = cacheList(control, toTime);

  return {
    listNodes(asked) {
      const etag = `"${control.revision()}"`;
      const { nodeset, limit, cursor, sort, fields, phase, state, text } = asked;
      const isPlain = [nodeset, limit, cursor, sort, fields, phase, state, text].every((each) => each === undefined);
      if (isPlain) return { ok: true, text: listAll, etag };
      const found = selectNodes(control, asked);
      if (!found.ok) return found;
      const page = pageOf(LIST, found.value, asked, ({ id }) => id);
      if (!page.ok) return page;
      const { items, next } = page.value;
      const picked = pickFields(LIST, items.map((node) => presentSummary(node, toTime)), fields);
      if (!picked.ok) return picked;
      const answer = { nodes: picked.value, ...(next !== undefined && { next }) };
      return { ok: true, text: () => JSON.stringify(answer), etag };
    },
    getNode({ id }) {
      const node = findNode(control, id);
      return node.ok ? { ok: true, value: presentNode(node.value, control.staging.of(node.value.id), toTime) } : node;
    },
    getCfg({ id }) {
      const node = findNode(control, id);
      if (!node.ok) return node;
      return { ok: true, value: toNested(node.value.cfg), etag: etagOf(node.value.version) };
    },
    getDsc({ id }) {
      const node = findNode(control, id);
      return node.ok ? { ok: true, value: toNested(node.value.dsc) } : node;
    },
  };
}

/** Which nodes an operation is about. */
export interface Selected {
  readonly nodeset?: string;
  readonly phase?: string;
  readonly state?: { readonly [url: string]: string };
  readonly text?: string;
}

/** The nodes of a nodeset, or all of them, that pass the filters. */
export function selectNodes(control: Control, asked: Selected): Outcome<readonly NodeSummary[]> {
  const filter = readFilter(control, asked);
  if (!filter.ok) return filter;
  const nodes: Outcome<readonly NodeSummary[]> = asked.nodeset === undefined
    ? { ok: true, value: control.list() }
    : findNodes(control, asked.nodeset);
  return nodes.ok ? { ok: true, value: nodes.value.filter(filter.value) } : nodes;
}

/** The list of all nodes as text, made once for each revision. */
function cacheList(control: Control, toTime: ToTime): () => string {
  let cached: { readonly revision: string; readonly text: string } | undefined;
  return () => {
    const revision = control.revision();
    if (cached?.revision !== revision) {
      const nodes = control.list().map((node) => presentSummary(node, toTime));
      cached = { revision, text: JSON.stringify({ nodes }) };
    }
    return cached.text;
  };
}

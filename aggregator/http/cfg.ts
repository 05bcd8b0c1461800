import { toNested, type Version } from "../../src/state/mod.ts";
import { invalid, problemOf } from "../../src/http/mod.ts";
import type { Control } from "../control/control.ts";
import type { NodeDetail } from "../control/detail.ts";
import { checkCfg, etagOf } from "./etag.ts";
import type { Handler, Handlers } from "./handler.ts";
import { findNode } from "./lookup.ts";
import { readPatch, withValues } from "./patch.ts";
import { presentChange } from "./present.ts";
import { withPlans } from "./searched.ts";

/** Changes what one node should be. */
export function createCfgHandlers(control: Control): Pick<Handlers, "patchCfg"> {
  const patch: Handler<"patchCfg"> = ({ id, body, dryRun }, call) => {
    const ifMatch = call.header("if-match");
    // Nothing waits from here on: what is found is what is changed.
    const node = findNode(control, id);
    if (!node.ok) return node;
    const refused = checkCfg(ifMatch, node.value);
    return refused ?? change(node.value, body, ifMatch === undefined ? {} : { ifMatch: node.value.version }, dryRun);
  };

  async function change(
    node: NodeDetail,
    body: { readonly [key: string]: unknown },
    condition: { readonly ifMatch?: Version },
    dryRun: boolean,
  ): Promise<Awaited<ReturnType<Handler<"patchCfg">>>> {
    const read = readPatch(control.schema, node.cfg, body);
    if (!read.ok) return { ok: false, problem: invalid(read.problems) };
    const result = control.patchCfg([{ id: node.id, values: read.values }], { dryRun, ...condition });
    if (!result.ok) return { ok: false, problem: problemOf(result) };
    const [changed] = await withPlans(control, result.changes);
    if (changed === undefined) throw new Error(`Expected the change of node '${node.name}' in the answer to its patch`);
    const written = new Map(changed.differences.map(({ url, to }) => [url, to ?? null]));
    const cfg = toNested(withValues(node.cfg, written)); // in the notation in which it is kept
    const etag = etagOf(dryRun ? node.version : changed.version);
    return { ok: true, value: { dryRun, cfg, ...presentChange(changed) }, etag };
  }

  return { patchCfg: patch };
}

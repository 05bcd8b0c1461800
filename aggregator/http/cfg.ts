import type { Context } from "hono";
import { toNested } from "../../src/state/mod.ts";
import type { Control } from "../control/control.ts";
import type { NodeDetail } from "../control/detail.ts";
import {
  answerProblem,
  invalid,
  PATCH_TYPES,
  problemOf,
  readFlag,
  readJson,
  type Routes,
  withQuery,
} from "../../src/http/mod.ts";
import { atRoot } from "./elsewhere.ts";
import { allowsWrite, answerTagged, etagOf, refuseStale } from "./etag.ts";
import { findNode } from "./lookup.ts";
import { readPatch, withValues } from "./patch.ts";
import { presentChange } from "./present.ts";
import { withPlans } from "./searched.ts";

/** `/api/v1/nodes/{id}/cfg`: a node's desired state. */
export function cfgRoutes(control: Control): Routes {
  function get(c: Context): Response {
    const node = findNode(c, control);
    if (!node.ok) return answerProblem(node.problem);
    const { cfg, version } = node.value;
    return answerTagged(c.req.header("if-none-match"), etagOf(version), () => JSON.stringify(toNested(cfg)));
  }

  async function patch(c: Context, query: { readonly dryRun?: string }): Promise<Response> {
    const dryRun = readFlag("dryRun", query.dryRun);
    if (!dryRun.ok) return answerProblem(dryRun.problem);
    const body = await readJson(c, { types: PATCH_TYPES });
    if (!body.ok) return answerProblem(body.problem);
    // Nothing waits from here on: what is found is what is changed.
    const node = findNode(c, control);
    if (!node.ok) return answerProblem(node.problem);
    const ifMatch = c.req.header("if-match");
    if (ifMatch !== undefined && !allowsWrite(ifMatch, etagOf(node.value.version))) return refuseStale(node.value);
    return change(c, node.value, body.value, ifMatch !== undefined, dryRun.value);
  }

  async function change(
    c: Context,
    node: NodeDetail,
    patch: unknown,
    conditional: boolean,
    dryRun: boolean,
  ): Promise<Response> {
    const read = readPatch(control.schema, node.cfg, patch);
    if (!read.ok) return answerProblem(invalid(read.problems));
    const options = { dryRun, ...(conditional ? { ifMatch: node.version } : {}) };
    const result = control.patchCfg([{ id: node.id, values: read.values }], options);
    if (!result.ok) return answerProblem(problemOf(result));
    const [changed] = await withPlans(control, result.changes);
    if (changed === undefined) throw new Error(`Expected the change of node '${node.name}' in the answer to its patch`);
    const written = new Map(changed.differences.map(({ url, to }) => [url, to ?? null]));
    const cfg = toNested(withValues(node.cfg, written)); // in the notation in which it is kept
    c.header("etag", etagOf(dryRun ? node.version : changed.version));
    return c.json({ dryRun, cfg, ...presentChange(changed) });
  }

  return {
    "/api/v1/nodes/:id/cfg": {
      GET: withQuery([], get),
      PATCH: atRoot(control, withQuery(["dryRun"], patch, { ifMatch: true })),
    },
  };
}

import type { Context } from "hono";
import type { Control } from "../control/control.ts";
import { PATCH_TYPES, readJson } from "./body.ts";
import { answerChanges, readDetail } from "./changes.ts";
import { createDeleters } from "./delete.ts";
import { atRoot } from "./elsewhere.ts";
import { answerTagged } from "./etag.ts";
import { findNode, findNodes } from "./lookup.ts";
import { readPatches } from "./patches.ts";
import { presentNode, presentSummary } from "./present.ts";
import { answerProblem, invalid, problemOf } from "./problem.ts";
import { readFlag, withQuery } from "./query.ts";
import type { Routes } from "./routes.ts";
import type { ToTime } from "./time.ts";

/** `/api/v1/nodes`, and one node under it. */
export function nodeRoutes(control: Control, toTime: ToTime): Routes {
  const listAll = cacheList(control, toTime);
  const remove = createDeleters(control);

  function list(c: Context, query: { readonly nodeset?: string }): Response {
    const etag = `"${control.revision()}"`;
    const { nodeset } = query;
    if (nodeset === undefined) return answerTagged(c.req.header("if-none-match"), etag, listAll);
    const found = findNodes(control, nodeset);
    if (!found.ok) return answerProblem(found.problem);
    const nodes = found.value.map((node) => presentSummary(node, toTime));
    return answerTagged(c.req.header("if-none-match"), etag, () => JSON.stringify({ nodes }));
  }

  async function patch(
    c: Context,
    query: { readonly nodeset?: string; readonly dryRun?: string; readonly detail?: string },
  ): Promise<Response> {
    const dryRun = readFlag("dryRun", query.dryRun);
    if (!dryRun.ok) return answerProblem(dryRun.problem);
    const detail = readDetail(query.detail);
    if (!detail.ok) return answerProblem(detail.problem);
    if (query.nodeset === undefined) {
      return answerProblem({ status: 400, detail: "Parameter 'nodeset' is missing: expected one such as n[1-8]" });
    }
    if (c.req.header("if-match") !== undefined) {
      const detail = "If-Match is about one node: expected a PATCH of /api/v1/nodes/{id}/cfg";
      return answerProblem({ status: 400, detail });
    }
    const body = await readJson(c, { types: PATCH_TYPES });
    if (!body.ok) return answerProblem(body.problem);
    const found = findNodes(control, query.nodeset);
    if (!found.ok) return answerProblem(found.problem);
    const read = readPatches(control, found.value, body.value);
    if (!read.ok) return answerProblem(invalid(read.problems));
    const result = control.patchCfg(read.patches, { dryRun: dryRun.value });
    if (!result.ok) return answerProblem(problemOf(result));
    return answerChanges(c, control, result.changes, dryRun.value, detail.value);
  }

  function one(c: Context): Response {
    const node = findNode(c, control);
    return node.ok ? c.json(presentNode(node.value, toTime)) : answerProblem(node.problem);
  }

  return {
    "/api/v1/nodes": {
      GET: withQuery(["nodeset"], list),
      PATCH: atRoot(control, withQuery(["nodeset", "dryRun", "detail"], patch)),
      DELETE: remove.some,
    },
    "/api/v1/nodes/:id": { GET: withQuery([], one), DELETE: remove.one },
  };
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

import type { Context } from "hono";
import type { Control } from "../control/control.ts";
import { asIfReported } from "../cfg/change.ts";
import type { NodeDetail } from "../control/detail.ts";
import {
  answerProblem,
  invalid,
  type Outcome,
  PATCH_TYPES,
  problemOf,
  readFlag,
  readJson,
  type Routes,
  withQuery,
} from "../../src/http/mod.ts";
import { answerChanges, type Detail, readDetail } from "./changes.ts";
import { createDeleters } from "./delete.ts";
import { atRoot } from "./elsewhere.ts";
import { answerTagged } from "./etag.ts";
import { findNode, findNodes } from "./lookup.ts";
import { readPatches, readReports } from "./patches.ts";
import { presentNode, presentSummary } from "./present.ts";
import { findSelected } from "./selection.ts";
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
    return answerTagged(c.req.header("if-none-match"), etag, () => JSON.stringify(listOf(found.value)));
  }

  async function listSelected(c: Context): Promise<Response> {
    const found = await findSelected(c, control);
    return found.ok ? c.json(listOf(found.value.nodes)) : answerProblem(found.problem);
  }

  function listOf(nodes: readonly NodeDetail[]) {
    return { nodes: nodes.map((node) => presentSummary(node, toTime)) };
  }

  async function patch(c: Context, query: PatchQuery & { readonly nodeset?: string }): Promise<Response> {
    const options = readOptions(query);
    if (!options.ok) return answerProblem(options.problem);
    const { nodeset } = query;
    if (nodeset === undefined) {
      return answerProblem({ status: 400, detail: "Parameter 'nodeset' is missing: expected one such as n[1-8]" });
    }
    const body = await readJson(c, { types: PATCH_TYPES });
    if (!body.ok) return answerProblem(body.problem);
    const found = findNodes(control, nodeset);
    return found.ok ? await change(c, found.value, body.value, options.value) : answerProblem(found.problem);
  }

  async function patchSelected(c: Context, query: PatchQuery): Promise<Response> {
    const options = readOptions(query);
    if (!options.ok) return answerProblem(options.problem);
    const found = await findSelected(c, control, ["patch", "reported"]);
    if (!found.ok) return answerProblem(found.problem);
    const { nodes, rest: { patch, reported } } = found.value;
    if (reported !== undefined && !options.value.dryRun) {
      return answerProblem({ status: 422, detail: "'reported' is for dry runs: it says what else would be reported" });
    }
    return await change(c, nodes, patch, options.value, reported);
  }

  async function change(
    c: Context,
    nodes: readonly NodeDetail[],
    patch: unknown,
    options: PatchOptions,
    reported: unknown = {},
  ): Promise<Response> {
    const read = readPatches(control, nodes, patch);
    if (!read.ok) return answerProblem(invalid(read.problems));
    const seen = readReports(control, nodes, reported);
    if (!seen.ok) return answerProblem(invalid(seen.problems));
    const result = control.patchCfg(read.patches, { dryRun: options.dryRun });
    if (!result.ok) return answerProblem(problemOf(result));
    const reports = new Map(seen.patches.map(({ id, values }) => [id, values]));
    const changes = result.changes.map((each) => {
      const values = reports.get(each.id);
      return values === undefined || values.size === 0 ? each : asIfReported(each, values);
    });
    return await answerChanges(c, control, changes, { ...options, toTime });
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
    "/api/v1/selection/nodes": { POST: withQuery([], listSelected) },
    "/api/v1/selection/patch": { POST: atRoot(control, withQuery(["dryRun", "detail"], patchSelected)) },
    "/api/v1/selection/delete": { POST: remove.selected },
    "/api/v1/nodes/:id": { GET: withQuery([], one), DELETE: remove.one },
  };
}

interface PatchQuery {
  readonly dryRun?: string;
  readonly detail?: string;
}

interface PatchOptions {
  readonly dryRun: boolean;
  readonly detail: Detail;
}

function readOptions(query: PatchQuery): Outcome<PatchOptions> {
  const dryRun = readFlag("dryRun", query.dryRun);
  if (!dryRun.ok) return dryRun;
  const detail = readDetail(query.detail);
  return detail.ok ? { ok: true, value: { dryRun: dryRun.value, detail: detail.value } } : detail;
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

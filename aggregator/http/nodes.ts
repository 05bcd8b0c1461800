import type { Context } from "hono";
import { foldNodeset } from "../../src/nodeset/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import type { Control, NodeDetail, NodeSummary } from "../control.ts";
import { PATCH_TYPES, readJson } from "./body.ts";
import { answerTagged } from "./etag.ts";
import { findNode, findNodes } from "./lookup.ts";
import { readPatch } from "./patch.ts";
import { presentChange, presentNode } from "./present.ts";
import { answerProblem, invalid, problemOf } from "./problem.ts";
import { readFlag, withQuery } from "./query.ts";
import type { Routes } from "./routes.ts";

/** `/api/v1/nodes`, and one node under it. */
export function nodeRoutes(control: Control): Routes {
  const listAll = cacheList(control);

  function list(c: Context, query: { readonly nodeset?: string }): Response {
    const etag = `"${control.revision()}"`;
    const { nodeset } = query;
    if (nodeset === undefined) return answerTagged(c.req.header("if-none-match"), etag, listAll);
    const found = findNodes(control, nodeset);
    if (!found.ok) return answerProblem(found.problem);
    const nodes = found.value.map(summaryOf);
    return answerTagged(c.req.header("if-none-match"), etag, () => JSON.stringify({ nodes }));
  }

  async function patch(c: Context, query: { readonly nodeset?: string; readonly dryRun?: string }): Promise<Response> {
    const dryRun = readFlag("dryRun", query.dryRun);
    if (!dryRun.ok) return answerProblem(dryRun.problem);
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
    return c.json({ dryRun: dryRun.value, changes: result.changes.map(presentChange) });
  }

  function one(c: Context): Response {
    const node = findNode(c, control);
    return node.ok ? c.json(presentNode(node.value)) : answerProblem(node.problem);
  }

  return {
    "/api/v1/nodes": { GET: withQuery(["nodeset"], list), PATCH: withQuery(["nodeset", "dryRun"], patch) },
    "/api/v1/nodes/:id": { GET: withQuery([], one) },
  };
}

/** The list of all nodes as text, made once for each revision. */
function cacheList(control: Control): () => string {
  let cached: { readonly revision: string; readonly text: string } | undefined;
  return () => {
    const revision = control.revision();
    if (cached?.revision !== revision) cached = { revision, text: JSON.stringify({ nodes: control.list() }) };
    return cached.text;
  };
}

function summaryOf(node: NodeDetail): NodeSummary {
  const { id, name, kind, platform, parent, physState, runState, link, phase, reason } = node;
  return { id, name, kind, platform, parent, physState, runState, link, phase, reason };
}

interface NodePatch {
  readonly id: string;
  readonly values: ReadonlyMap<string, Value | null>;
}

/** What one patch changes on each of some nodes; the same problem of several nodes is told once. */
function readPatches(
  control: Control,
  nodes: readonly NodeDetail[],
  patch: unknown,
): { ok: true; patches: NodePatch[] } | { ok: false; problems: string[] } {
  const patches: NodePatch[] = [];
  const problems = new Map<string, string[]>();
  for (const node of nodes) {
    const read = readPatch(control.schema, node.cfg, patch);
    if (read.ok) {
      patches.push({ id: node.id, values: read.values });
      continue;
    }
    for (const problem of read.problems) {
      const names = problems.get(problem) ?? [];
      names.push(node.name);
      problems.set(problem, names);
    }
  }
  if (problems.size === 0) return { ok: true, patches };
  return { ok: false, problems: [...problems].map(([problem, names]) => `${foldNodeset(names)}: ${problem}`) };
}

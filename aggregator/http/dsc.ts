import type { Context } from "hono";
import { toNested } from "../../src/state/mod.ts";
import type { Control } from "../control/control.ts";
import {
  answerProblem,
  invalid,
  PATCH_TYPES,
  problemOf,
  readJson,
  type Routes,
  withQuery,
} from "../../src/http/mod.ts";
import { atServing } from "./elsewhere.ts";
import { findNode } from "./lookup.ts";
import { readPatch } from "./patch.ts";
import { validateReported } from "./patches.ts";

/** `/api/v1/nodes/{id}/dsc`: what is known of a node, and the way in for what others report of it. */
export function dscRoutes(control: Control): Routes {
  function get(c: Context): Response {
    const node = findNode(c, control);
    return node.ok ? c.json(toNested(node.value.dsc)) : answerProblem(node.problem);
  }

  async function patch(c: Context): Promise<Response> {
    const body = await readJson(c, { types: PATCH_TYPES });
    if (!body.ok) return answerProblem(body.problem);
    const node = findNode(c, control);
    if (!node.ok) return answerProblem(node.problem);
    const read = readPatch(control.schema, node.value.dsc, body.value);
    if (!read.ok) return answerProblem(invalid(read.problems));
    const unreported = [...read.values].map(([url, value]) => validateReported(control.schema, url, value))
      .filter((problem) => problem !== undefined);
    if (unreported.length > 0) return answerProblem(invalid(unreported));
    const result = control.report(node.value.id, read.values);
    if (!result.ok) return answerProblem(problemOf(result));
    return c.json({
      id: node.value.id,
      name: node.value.name,
      dsc: toNested(control.find(node.value.id)?.dsc ?? new Map()),
    });
  }

  return {
    "/api/v1/nodes/:id/dsc": {
      GET: withQuery([], get),
      PATCH: atServing(control, "reports of a node that it serves", withQuery([], patch)),
    },
  };
}

import type { Context } from "hono";
import { isRecord } from "../../src/state/mod.ts";
import type { Control } from "../control/control.ts";
import {
  type Answerer,
  answerProblem,
  JSON_TYPES,
  type Outcome,
  problemOf,
  readJson,
  type Routes,
  withQuery,
} from "../../src/http/mod.ts";
import { sendTo } from "./elsewhere.ts";
import { findNode, findNodes } from "./lookup.ts";
import { presentEngine } from "./present.ts";
import { MAX_SELECTION } from "./selection.ts";
import type { ToTime } from "./time.ts";
import { type Done } from "../../src/toolkit/mod.ts";

/** `/api/v1/engine`: how it goes, freeze and thaw; `/api/v1/nodes/{id}/retry`. */
export function engineRoutes(control: Control, version: string, toTime: ToTime): Routes {
  function status(c: Context): Response {
    return c.json({ cluster: control.cluster, name: control.name, version, ...control.engine() });
  }

  function steer(change: (ids: readonly string[] | undefined) => Done): Answerer {
    return withQuery([], async (c) => {
      const body = await readJson(c, { types: JSON_TYPES, empty: {}, limit: MAX_SELECTION });
      if (!body.ok) return answerProblem(body.problem);
      const ids = readIds(control, body.value);
      if (!ids.ok) return answerProblem(ids.problem);
      const elsewhere = ids.value === undefined ? undefined : control.elsewhere();
      if (elsewhere !== undefined) return sendTo(c, elsewhere, "a freeze of single nodes, which is desired state");
      const done = change(ids.value);
      return done.ok ? status(c) : answerProblem(problemOf(done));
    });
  }

  function retry(c: Context): Response {
    const node = findNode(c, control);
    if (!node.ok) return answerProblem(node.problem);
    const { id, name } = node.value;
    const serving = control.elsewhere(id);
    if (serving !== undefined && control.elsewhere() !== undefined) return sendTo(c, serving, "retries of its nodes");
    const done = control.retry([id]);
    if (!done.ok) return answerProblem(problemOf(done));
    const engine = control.find(id)?.engine;
    return c.json({ id, name, ...(engine !== undefined && { engine: presentEngine(engine, toTime) }) });
  }

  return {
    "/api/v1/engine": { GET: withQuery([], status) },
    "/api/v1/engine/freeze": { POST: steer((ids) => control.freeze(ids)) },
    "/api/v1/engine/thaw": { POST: steer((ids) => control.thaw(ids)) },
    "/api/v1/nodes/:id/retry": { POST: withQuery([], retry) },
  };
}

/** The ids of `{nodeset}`; undefined for `{}`, which means everything. */
function readIds(control: Control, body: unknown): Outcome<readonly string[] | undefined> {
  const { nodeset, ...rest } = isRecord(body) ? body : { wrong: body };
  if (Object.keys(rest).length > 0 || !(nodeset === undefined || typeof nodeset === "string")) {
    const detail = 'The body is something else: expected {} for everything or {"nodeset":"n[1-8]"}';
    return { ok: false, problem: { status: 422, detail } };
  }
  if (nodeset === undefined) return { ok: true, value: undefined };
  const found = findNodes(control, nodeset);
  return found.ok ? { ok: true, value: found.value.map((node) => node.id) } : found;
}

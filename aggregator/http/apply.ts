import type { Context } from "hono";
import { fromNested, isNodeName, isRecord, parseUuid, type Schema } from "../../src/state/mod.ts";
import type { Control } from "../control/control.ts";
import type { InventoryNode } from "../../src/inventory/mod.ts";
import {
  answerProblem,
  invalid,
  JSON_TYPES,
  problemOf,
  readFlag,
  readJson,
  type Routes,
  withQuery,
} from "../../src/http/mod.ts";
import { answerChanges, readDetail } from "./changes.ts";
import { atRoot } from "./elsewhere.ts";
import { allowsWrite } from "./etag.ts";
import type { ToTime } from "./time.ts";

/** The longest inventory, in bytes: 100,000 nodes of a few hundred bytes each. */
const MAX_BODY = 64 * 1024 * 1024;
const KEYS = ["name", "id", "cfg"];

/** `/api/v1/apply`: makes nodes have exactly the cfg that is given. */
export function applyRoutes(control: Control, toTime: ToTime): Routes {
  async function apply(
    c: Context,
    query: { readonly dryRun?: string; readonly detail?: string },
  ): Promise<Response> {
    const dryRun = readFlag("dryRun", query.dryRun);
    if (!dryRun.ok) return answerProblem(dryRun.problem);
    const detail = readDetail(query.detail);
    if (!detail.ok) return answerProblem(detail.problem);
    const body = await readJson(c, { types: JSON_TYPES, limit: MAX_BODY });
    if (!body.ok) return answerProblem(body.problem);
    const read = readInventory(control.schema, body.value);
    if (!read.ok) return answerProblem(invalid(read.problems));
    const ifMatch = c.req.header("if-match");
    const tags = [`"${control.cfgTag(read.nodes)}"`, `"${control.revision()}"`];
    // Nothing waits from here on: what is compared is what is changed.
    if (ifMatch !== undefined && !tags.some((tag) => allowsWrite(ifMatch, tag))) return refuseStaleApply(tags[0] ?? "");
    const result = control.apply(read.nodes, { dryRun: dryRun.value });
    if (!result.ok) return answerProblem(problemOf(result));
    c.header("etag", `"${control.cfgTag(read.nodes)}"`);
    return answerChanges(c, control, result.changes, { dryRun: dryRun.value, detail: detail.value, toTime });
  }

  return { "/api/v1/apply": { POST: atRoot(control, withQuery(["dryRun", "detail"], apply, { ifMatch: true })) } };
}

function refuseStaleApply(etag: string): Response {
  const detail = `The cfg of these nodes has changed: their ETag is now ${etag}. ` +
    "Ask with ?dryRun=true what would change, and repeat it with the ETag of that answer";
  return answerProblem({ status: 412, detail, headers: { etag } });
}

type ReadInventory = { ok: true; nodes: InventoryNode[] } | { ok: false; problems: string[] };

function readInventory(schema: Schema, body: unknown): ReadInventory {
  const listed = isRecord(body) && Object.keys(body).length === 1 ? body["nodes"] : undefined;
  if (!Array.isArray(listed)) {
    return { ok: false, problems: ["The body is something else: expected an object with nodes"] };
  }
  const nodes: InventoryNode[] = [];
  const problems: string[] = [];
  for (const [index, entry] of listed.entries()) {
    const wrong = findProblems(entry, `nodes[${index}]`);
    if (wrong.length > 0) problems.push(...wrong);
    if (wrong.length > 0 || !isRecord(entry) || typeof entry["name"] !== "string") continue;
    const id = parseUuid(String(entry["id"]));
    const cfg = fromNested(schema, entry["cfg"]);
    if (!cfg.ok) problems.push(...cfg.problems.map((problem) => `nodes[${index}] (${entry["name"]}): ${problem}`));
    else nodes.push({ name: entry["name"], cfg: cfg.values, ...(id !== undefined && { id }) });
  }
  return problems.length === 0 ? { ok: true, nodes } : { ok: false, problems };
}

function findProblems(entry: unknown, place: string): string[] {
  if (!isRecord(entry)) return [`${place} is ${show(entry)}: expected an object with ${KEYS.join(", ")}`];
  const { name, id, cfg, ...rest } = entry;
  const problems = Object.keys(rest).map((key) => `${place}.${key} is unknown: expected ${KEYS.join(", ")}`);
  if (typeof name !== "string" || !isNodeName(name)) {
    problems.push(`${place}.name is ${show(name)}: expected a node name`);
  }
  if (id !== undefined && !(typeof id === "string" && parseUuid(id) !== undefined)) {
    problems.push(`${place}.id is ${show(id)}: expected a UUID`);
  }
  if (!isRecord(cfg)) problems.push(`${place}.cfg is ${show(cfg)}: expected an object`);
  return problems;
}

function show(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value).slice(0, 80);
}

import { fromNested, type Schema } from "../../src/state/mod.ts";
import type { InventoryNode } from "../../src/inventory/mod.ts";
import type { Answered, Fault, Operations } from "../../src/api/mod.ts";
import { invalid, type Outcome, problemOf } from "../../src/http/mod.ts";
import { asIfReported } from "../cfg/change.ts";
import type { Control } from "../control/control.ts";
import type { NodeDetail } from "../control/detail.ts";
import { presentChanges } from "./changes.ts";
import { checkTags, checkVersions } from "./conditions.ts";
import { checkCfg } from "./etag.ts";
import type { Handler, Handlers, Reply } from "./handler.ts";
import { findNode, findSome } from "./lookup.ts";
import { pointerOf } from "./patch.ts";
import { readPatches, readReports } from "./patches.ts";
import type { ToTime } from "./time.ts";

type Deleted = Answered<Operations["deleteNodes"]>;

/** Changes many nodes at once, all of them or none; and forgets nodes. */
export function createBulkHandlers(
  control: Control,
  toTime: ToTime,
): Pick<Handlers, "apply" | "patchNodes" | "deleteNodes" | "deleteNode"> {
  const patchNodes: Handler<"patchNodes"> = async (asked, call) => {
    const { nodeset, body, dryRun, detail, reported = {}, ifVersions = {} } = asked;
    if (asked.reported !== undefined && !dryRun) {
      const fault = "'reported' is for dry runs: it says what else would be reported";
      return { ok: false, problem: invalid([{ detail: fault, pointer: "/reported" }]) };
    }
    const found = findSome(control, nodeset);
    if (!found.ok) return found;
    const nodes = found.value;
    const refused = checkTags(control, nodes, call) ?? checkVersions(control, Object.entries(ifVersions));
    if (refused !== undefined) return refused;
    const read = readPatches(control, nodes, body);
    if (!read.ok) return { ok: false, problem: invalid(read.problems) };
    const seen = readReports(control, nodes, reported);
    if (!seen.ok) return { ok: false, problem: invalid(seen.problems) };
    const result = control.patchCfg(read.patches, { dryRun });
    if (!result.ok) return { ok: false, problem: problemOf(result) };
    const etag = `"${control.cfgTag(nodes.map(({ name, id, cfg }) => ({ name, id, cfg })))}"`;
    const reports = new Map(seen.patches.map(({ id, values }) => [id, values]));
    const changes = result.changes.map((each) => {
      const values = reports.get(each.id);
      return values === undefined || values.size === 0 ? each : asIfReported(each, values);
    });
    return { ok: true, value: await presentChanges(control, changes, { dryRun, detail, toTime }), etag };
  };

  const apply: Handler<"apply"> = async ({ body, dryRun, detail }, call) => {
    const read = readInventory(control.schema, body.nodes);
    if (!read.ok) return read;
    const nodes = read.value;
    // Nothing waits from here on: what is compared is what is changed.
    const versions = body.nodes.flatMap(({ name, ifVersion }) =>
      ifVersion === undefined ? [] : [[name, ifVersion] as const]
    );
    const refused = checkTags(control, nodes, call) ?? checkVersions(control, versions);
    if (refused !== undefined) return refused;
    const result = control.apply(nodes, { dryRun });
    if (!result.ok) return { ok: false, problem: problemOf(result) };
    const etag = `"${control.cfgTag(nodes)}"`;
    return { ok: true, value: await presentChanges(control, result.changes, { dryRun, detail, toTime }), etag };
  };

  function remove(nodes: readonly NodeDetail[]): Reply<Deleted> {
    const result = control.remove(nodes.map(({ id }) => id));
    if (!result.ok) return { ok: false, problem: problemOf(result) };
    return { ok: true, value: { deleted: nodes.map(({ id, name }) => ({ id, name })) } };
  }

  return {
    apply,
    patchNodes,
    deleteNodes({ nodeset }, call) {
      const found = findSome(control, nodeset);
      if (!found.ok) return found;
      return checkTags(control, found.value, call) ?? remove(found.value);
    },
    deleteNode({ id }, call) {
      const node = findNode(control, id);
      if (!node.ok) return node;
      return checkCfg(call.header("if-match"), node.value) ?? remove([node.value]);
    },
  };
}

function readInventory(
  schema: Schema,
  listed: readonly { readonly name: string; readonly id?: string; readonly cfg: { readonly [key: string]: unknown } }[],
): Outcome<InventoryNode[]> {
  const nodes: InventoryNode[] = [];
  const problems: Fault[] = [];
  for (const [index, { name, id, cfg }] of listed.entries()) {
    const read = fromNested(schema, cfg);
    if (read.ok) nodes.push({ name, cfg: read.values, ...(id !== undefined && { id: id.toLowerCase() }) });
    else problems.push(...read.problems.map((problem) => placed(problem, index, name)));
  }
  return problems.length === 0 ? { ok: true, value: nodes } : { ok: false, problem: invalid(problems) };
}

/** Where a problem with a variable is: messages name it first. */
function placed(problem: string, index: number, name: string): Fault {
  const url = /^'?(\/[^\s']+)/.exec(problem)?.[1];
  const detail = `nodes[${index}] (${name}): ${problem}`;
  return { detail, pointer: `/nodes/${index}/cfg${url === undefined ? "" : pointerOf(url)}` };
}

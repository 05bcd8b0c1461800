import { toNested } from "../../src/state/mod.ts";
import type { Control } from "../control/control.ts";
import { invalid, problemOf } from "../../src/http/mod.ts";
import type { Handlers } from "./handler.ts";
import { findNode } from "./lookup.ts";
import { readReports } from "./patches.ts";

/** The way in for what others report of a node. */
export function createReportHandlers(control: Control): Pick<Handlers, "patchDsc"> {
  return {
    patchDsc({ id: named, body }) {
      const node = findNode(control, named);
      if (!node.ok) return node;
      const { id, name } = node.value;
      const read = readReports(control, [node.value], body);
      if (!read.ok) return { ok: false, problem: invalid(read.problems) };
      const [patch] = read.patches;
      const result = control.report(id, patch?.values ?? new Map());
      if (!result.ok) return { ok: false, problem: problemOf(result) };
      return { ok: true, value: { id, name, dsc: toNested(control.find(id)?.dsc ?? new Map()) } };
    },
  };
}

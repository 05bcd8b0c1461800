import type { Answered, Operations } from "../../src/api/mod.ts";
import { invalid, problemOf } from "../../src/http/mod.ts";
import type { Control } from "../control/control.ts";
import type { NodeDetail } from "../control/detail.ts";
import type { Handlers } from "./handler.ts";
import { findNode, findNodes } from "./lookup.ts";
import { readPatches } from "./patches.ts";
import { presentStaged } from "./present.ts";

/** Stages cfg for some nodes, and tells what waits. */
export function createStagingHandlers(control: Control): Pick<Handlers, "listStaged" | "stageCfg" | "unstageCfg"> {
  const { staging } = control;

  function present(nodes: readonly NodeDetail[]): Answered<Operations["listStaged"]> {
    return {
      nodes: nodes.map(({ id, name }) => {
        const staged = staging.of(id);
        return { id, name, ...(staged !== undefined && { staged: presentStaged(staged) }) };
      }),
    };
  }

  return {
    listStaged({ nodeset }) {
      const found = findNodes(control, nodeset);
      return found.ok ? { ok: true, value: present(found.value) } : found;
    },
    stageCfg({ nodeset, until, body }) {
      const found = findNodes(control, nodeset);
      if (!found.ok) return found;
      const read = readPatches(control, found.value, body);
      if (!read.ok) return { ok: false, problem: invalid(read.problems) };
      const done = staging.stage(read.patches, until);
      return done.ok ? { ok: true, value: present(found.value) } : { ok: false, problem: problemOf(done) };
    },
    unstageCfg({ nodeset }) {
      const found = findNodes(control, nodeset);
      if (!found.ok) return found;
      const done = staging.unstage(found.value.map(({ id }) => id));
      return done.ok ? { ok: true, value: present(found.value) } : { ok: false, problem: problemOf(done) };
    },
  };
}

/** Reads what programs of nodes have printed. */
export function createOutputHandlers(control: Control): Pick<Handlers, "getServiceOutput"> {
  return {
    async getServiceOutput({ id: named, service, lines }, { signal }) {
      const node = findNode(control, named);
      if (!node.ok) return node;
      const { id, name } = node.value;
      const tail = await control.outputs.tail(id, service, lines, signal);
      if (tail.ok) return { ok: true, value: { id, name, service, output: tail.value } };
      const kind = tail.kind === "none" ? "not-found" : "unavailable";
      return { ok: false, problem: { kind, detail: tail.why } };
    },
  };
}

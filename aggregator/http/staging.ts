import { createHash } from "node:crypto";
import { type Answered, type List, type Operations, operations } from "../../src/api/mod.ts";
import { invalid, problemOf } from "../../src/http/mod.ts";
import type { Control } from "../control/control.ts";
import type { NodeDetail } from "../control/detail.ts";
import { allowsWrite, changed } from "./etag.ts";
import type { Call, Handlers, Reply } from "./handler.ts";
import { answerPage } from "./list.ts";
import { findNode, findNodes, findSome } from "./lookup.ts";
import { readPatches } from "./patches.ts";
import { presentStaged } from "./present.ts";

const LIST: List = operations.listStaged.list;

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

  /** Names what waits for these nodes: it changes with each of them. */
  function tagOf(nodes: readonly NodeDetail[]): string {
    const hash = createHash("sha256").update(JSON.stringify(present(nodes)));
    return `"${hash.digest("hex").slice(0, 32)}"`;
  }
  function refuse(nodes: readonly NodeDetail[], call: Call): ReturnType<typeof changed> | undefined {
    const ifMatch = call.header("if-match");
    const etag = ifMatch === undefined ? "" : tagOf(nodes);
    if (ifMatch === undefined || allowsWrite(ifMatch, etag)) return undefined;
    return changed("What waits for these nodes", etag, "Look (GET /api/v1/staged) and repeat the request");
  }
  function answer(nodes: readonly NodeDetail[]): Reply<Answered<Operations["stageCfg"]>> {
    return { ok: true, value: present(nodes), etag: tagOf(nodes) };
  }

  return {
    listStaged(asked) {
      const found = findNodes(control, asked.nodeset);
      if (!found.ok) return found;
      const page = answerPage(LIST, present(found.value).nodes, asked, ({ id }) => id);
      return page.ok ? { ...page, etag: tagOf(found.value) } : page;
    },
    stageCfg({ nodeset, until, body }, call) {
      const found = findSome(control, nodeset);
      if (!found.ok) return found;
      const refused = refuse(found.value, call);
      if (refused !== undefined) return refused;
      const read = readPatches(control, found.value, body);
      if (!read.ok) return { ok: false, problem: invalid(read.problems) };
      const done = staging.stage(read.patches, until);
      return done.ok ? answer(found.value) : { ok: false, problem: problemOf(done) };
    },
    unstageCfg({ nodeset }, call) {
      const found = findSome(control, nodeset);
      if (!found.ok) return found;
      const refused = refuse(found.value, call);
      if (refused !== undefined) return refused;
      const done = staging.unstage(found.value.map(({ id }) => id));
      return done.ok ? answer(found.value) : { ok: false, problem: problemOf(done) };
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

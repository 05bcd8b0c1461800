import type { EngineInfo } from "../../src/api/mod.ts";
import { type Outcome, problemOf } from "../../src/http/mod.ts";
import { type Done } from "../../src/toolkit/mod.ts";
import type { Control } from "../control/control.ts";
import type { NodeDetail } from "../control/detail.ts";
import { checkTags } from "./conditions.ts";
import { sendTo } from "./elsewhere.ts";
import { allowsWrite, changed } from "./etag.ts";
import type { Call, Handler, Handlers } from "./handler.ts";
import { findNode, findSome } from "./lookup.ts";
import { presentEngine } from "./present.ts";
import type { ToTime } from "./time.ts";

/** Tells how it goes, freezes and thaws, and tries again what was given up. */
export function createEngineHandlers(
  control: Control,
  version: string,
  toTime: ToTime,
): Pick<Handlers, "getEngine" | "freeze" | "thaw" | "retryNode"> {
  const status = (): EngineInfo => ({ cluster: control.cluster, name: control.name, version, ...control.engine() });
  const etag = (): string => control.engine().frozen ? '"frozen"' : '"thawed"';

  function refuse(nodes: readonly NodeDetail[] | undefined, call: Call) {
    if (nodes !== undefined) return checkTags(control, nodes, call);
    const ifMatch = call.header("if-match");
    if (ifMatch === undefined || allowsWrite(ifMatch, etag())) return undefined;
    return changed("Whether everything is frozen", etag(), "Look (GET /api/v1/engine) and repeat the request");
  }

  function steer(change: (ids: readonly string[] | undefined) => Done): Handler<"freeze"> {
    return ({ body: { nodeset } }, call) => {
      const nodes: Outcome<NodeDetail[] | undefined> = nodeset === undefined
        ? { ok: true, value: undefined }
        : findSome(control, nodeset);
      if (!nodes.ok) return nodes;
      const elsewhere = nodes.value === undefined ? undefined : control.elsewhere();
      const here = sendTo(elsewhere, "a freeze of single nodes, which is desired state", call);
      if (!here.ok) return here;
      const refused = refuse(nodes.value, call);
      if (refused !== undefined) return refused;
      const done = change(nodes.value?.map(({ id }) => id));
      return done.ok ? { ok: true, value: status() } : { ok: false, problem: problemOf(done) };
    };
  }

  return {
    getEngine: () => ({ ok: true, value: status(), etag: etag() }),
    freeze: steer((ids) => control.freeze(ids)),
    thaw: steer((ids) => control.thaw(ids)),
    retryNode({ id: named }, call) {
      const node = findNode(control, named);
      if (!node.ok) return node;
      const { id, name } = node.value;
      const here = sendTo(control.elsewhere() && control.elsewhere(id), "retries of its nodes", call);
      if (!here.ok) return here;
      const done = control.retry([id]);
      if (!done.ok) return { ok: false, problem: problemOf(done) };
      const engine = control.find(id)?.engine;
      return { ok: true, value: { id, name, ...(engine !== undefined && { engine: presentEngine(engine, toTime) }) } };
    },
  };
}

import type { Context } from "hono";
import type { Control } from "../control/control.ts";
import { atServing } from "./elsewhere.ts";
import { findNode } from "./lookup.ts";
import { answerProblem, type Routes, withQuery } from "../../src/http/mod.ts";

/** The most entries of one answer. */
const MAX_COUNT = 100;
const DEFAULT_COUNT = "20";

/** One entry of a controller's event log. */
export interface BmcLogEntry {
  readonly id: string;
  readonly log: string;
  readonly time?: string;
  readonly severity?: string;
  readonly message: string;
}

/** Reads the event logs of nodes' controllers, from these themselves. */
export interface BmcLogReader {
  /** The newest entries, the newest first. Never rejects. */
  read(
    node: { readonly id: string; readonly name: string; readonly platform: unknown },
    count: number,
    signal: AbortSignal,
  ): Promise<
    | { readonly ok: true; readonly entries: readonly BmcLogEntry[] }
    | { readonly ok: false; readonly kind: "none" | "mistake" | "silent"; readonly why: string }
  >;
}

const STATUS = { none: 404, mistake: 422, silent: 503 } as const;

/** `/api/v1/nodes/{id}/bmc/log`: the event log of a node's controller, read when it is asked for. */
export function bmcLogRoutes(control: Control, logs: BmcLogReader | undefined): Routes {
  async function get(c: Context, { count: text = DEFAULT_COUNT }: { readonly count?: string }): Promise<Response> {
    const { signal } = c.req.raw; // asked for before: servers watch the connection from then on
    const count = /^\d{1,3}$/.test(text) ? Number(text) : NaN;
    if (!(count >= 1 && count <= MAX_COUNT)) {
      const detail = `Parameter 'count' is '${text.slice(0, 100)}': expected a whole number from 1 to ${MAX_COUNT}`;
      return answerProblem({ status: 400, detail });
    }
    const node = findNode(c, control);
    if (!node.ok) return answerProblem(node.problem);
    if (logs === undefined) {
      return answerProblem({
        status: 404,
        detail: "This aggregator has no modules that read event logs of controllers",
      });
    }
    const { id, name, cfg } = node.value;
    const read = await logs.read({ id, name, platform: cfg.get("/platform") }, count, signal);
    if (!read.ok) return answerProblem({ status: STATUS[read.kind], detail: read.why });
    return c.json({ id, name, entries: read.entries });
  }

  return {
    "/api/v1/nodes/:id/bmc/log": {
      GET: atServing(control, "questions to the controller of a node that it serves", withQuery(["count"], get)),
    },
  };
}

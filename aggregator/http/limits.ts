import type { Context } from "hono";
import type { FleetHold } from "../../src/engine/mod.ts";
import { toNested } from "../../src/state/mod.ts";
import type { Control } from "../control/control.ts";
import { answerProblem, problemOf, type Routes, withQuery } from "../../src/http/mod.ts";
import type { ToTime } from "./time.ts";

/** The most that is told of one queue: its head. */
const MAX_QUEUE = 100;

/** `/api/v1/limits`: limits, invariants and what is held for the whole fleet; `/api/v1/engine/release`. */
export function limitRoutes(control: Control, toTime: ToTime): Routes {
  function presentQueue<T extends { readonly queue: readonly { readonly since: number }[] }>(status: T) {
    const { queue, ...rest } = status;
    const head = queue.slice(0, MAX_QUEUE).map((each) => ({ ...each, since: toTime(each.since) }));
    return { ...rest, waiting: queue.length, queue: head };
  }
  const presentHold = (hold: FleetHold) => ({ ...hold, since: toTime(hold.since) });

  /** The rules as they are set on the aggregator's own node. */
  function rules() {
    const cfg = control.find(control.name)?.cfg ?? new Map();
    const isRule = (url: string) => url.startsWith("/limits/") || url.startsWith("/invariants/");
    return toNested(new Map([...cfg].filter(([url]) => isRule(url))));
  }

  function get(c: Context): Response {
    return c.json({
      rules: rules(),
      limits: control.limits().map(presentQueue),
      invariants: control.invariants().map(presentQueue),
      holds: control.holds().map(presentHold),
    });
  }

  function release(c: Context): Response {
    const released = control.holds().map(presentHold);
    const done = control.release();
    return done.ok ? c.json({ released }) : answerProblem(problemOf(done));
  }

  return {
    "/api/v1/limits": { GET: withQuery([], get) },
    "/api/v1/engine/release": { POST: withQuery([], release) },
  };
}

import type { FleetHold, LimitStatus } from "../../src/engine/mod.ts";
import { problemOf } from "../../src/http/mod.ts";
import { isRecord, toNested } from "../../src/state/mod.ts";
import type { Control } from "../control/control.ts";
import type { Handlers } from "./handler.ts";
import type { ToTime } from "./time.ts";

/** The most that is told of one queue: its head. */
const MAX_QUEUE = 100;

/** Tells limits, invariants and what is held for the whole fleet, and releases that. */
export function createLimitHandlers(control: Control, toTime: ToTime): Pick<Handlers, "getLimits" | "release"> {
  function presentQueue<T extends { readonly queue: LimitStatus["queue"] }>(status: T) {
    const { queue, ...rest } = status;
    const head = queue.slice(0, MAX_QUEUE).map((each) => ({ ...each, since: toTime(each.since) }));
    return { ...rest, waiting: queue.length, queue: head };
  }
  const presentHold = (hold: FleetHold) => ({ ...hold, since: toTime(hold.since) });

  /** The rules as they are set on the aggregator's own node. */
  function rules() {
    const cfg = control.find(control.name)?.cfg ?? new Map();
    const isRule = (url: string) => url.startsWith("/limits/") || url.startsWith("/invariants/");
    const nested = toNested(new Map([...cfg].filter(([url]) => isRule(url))));
    return Object.fromEntries(Object.entries(nested).flatMap(([kind, each]) => isRecord(each) ? [[kind, each]] : []));
  }

  return {
    getLimits: () => ({
      ok: true,
      value: {
        rules: rules(),
        limits: control.limits().map((each) => presentQueue(each)),
        invariants: control.invariants().map((each) => presentQueue(each)),
        holds: control.holds().map(presentHold),
      },
    }),
    release() {
      const released = control.holds().map(presentHold);
      const done = control.release();
      return done.ok ? { ok: true, value: { released } } : { ok: false, problem: problemOf(done) };
    },
  };
}

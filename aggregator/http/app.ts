import { Hono } from "hono";
import { type Clock, systemClock } from "../../src/clock.ts";
import type { Log } from "../../src/log.ts";
import type { Control } from "../control/control.ts";
import { applyRoutes } from "./apply.ts";
import { type BmcLogReader, bmcLogRoutes } from "./bmc_log.ts";
import { cfgRoutes } from "./cfg.ts";
import type { BootNetwork } from "../nodes/boot_network.ts";
import { discoveredRoutes } from "./discovered.ts";
import { dscRoutes } from "./dsc.ts";
import { engineRoutes } from "./engine.ts";
import { createEventStreams } from "./event_stream.ts";
import { eventRoutes } from "./events.ts";
import { explainRoutes } from "./explain.ts";
import { graphRoutes } from "./graph.ts";
import { refuseForeign } from "./guard.ts";
import { healthRoutes } from "./health.ts";
import { limitRoutes } from "./limits.ts";
import { metricRoutes, streamMetrics } from "./metrics.ts";
import { nodeRoutes } from "./nodes.ts";
import { planRoutes } from "./plans.ts";
import { addRoutes, answerProblem, type Metric } from "../../src/http/mod.ts";
import { noteUnanswered } from "./unanswered.ts";
import { createToTime } from "./time.ts";
import { treeRoutes } from "./tree.ts";

/** What the HTTP interface needs beside an aggregator's {@link Control}. */
export interface AppOptions {
  /** Kraken's version, for people. */
  readonly version: string;
  /** Takes what went wrong inside: clients are not told. */
  readonly log: Log;
  /** What is measured of this program. */
  readonly metrics: () => readonly Metric[];
  /** What is known of machines that boot; absent where none boots from here. */
  readonly boot?: BootNetwork;
  /** Reads event logs of controllers; absent where no module does. */
  readonly logs?: BmcLogReader;
  /** @default systemClock */
  readonly clock?: Clock;
}

/** Makes the HTTP interface of an aggregator: a web-standard `fetch` that any server can call. */
export function createApp(control: Control, options: AppOptions): Hono {
  const app = new Hono();
  const clock = options.clock ?? systemClock;
  const toTime = createToTime(clock);
  const streams = createEventStreams(control, clock);
  app.use(refuseForeign);
  app.use(noteUnanswered(control));
  addRoutes(app, {
    ...healthRoutes(control, options.version),
    ...nodeRoutes(control, toTime),
    ...cfgRoutes(control),
    ...dscRoutes(control),
    ...bmcLogRoutes(control, options.logs),
    ...planRoutes(control, toTime),
    ...explainRoutes(control, toTime),
    ...graphRoutes(control),
    ...applyRoutes(control, toTime),
    ...eventRoutes(control, streams),
    ...engineRoutes(control, options.version, toTime),
    ...limitRoutes(control, toTime),
    ...treeRoutes(control),
    ...discoveredRoutes(control, options.boot),
    ...metricRoutes(() => [...options.metrics(), ...streamMetrics(streams)]),
  });
  app.notFound((c) => answerProblem({ status: 404, detail: `There is nothing at '${c.req.path.slice(0, 200)}'` }));
  app.onError((error, c) => {
    options.log.error("Cannot answer a request", {
      method: c.req.method,
      path: c.req.path,
      problem: error.message,
      stack: error.stack,
    });
    return answerProblem({ status: 500, detail: "The aggregator failed to answer: its log says why" });
  });
  return app;
}

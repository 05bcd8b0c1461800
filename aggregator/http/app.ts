import { Hono } from "hono";
import { type Clock, systemClock } from "../../src/clock.ts";
import type { Log } from "../../src/log.ts";
import type { Control } from "../control/control.ts";
import type { Metric } from "../../src/http/mod.ts";
import { answerProblem } from "../../src/http/mod.ts";
import type { BootNetwork } from "../nodes/unknown_machines.ts";
import { type BmcLogReader, createBmcLogHandlers } from "./bmc_log.ts";
import { createBulkHandlers } from "./bulk.ts";
import { createCfgHandlers } from "./cfg.ts";
import { createDeclaredHandlers } from "./declared.ts";
import { createDiscoveredHandlers } from "./discovered.ts";
import { createDescriptionHandlers } from "./describe.ts";
import { createReportHandlers } from "./dsc.ts";
import { createRedirect } from "./elsewhere.ts";
import { createEngineHandlers } from "./engine.ts";
import { createEventStreams } from "./event_stream.ts";
import { createEventHandlers } from "./events.ts";
import { createExplainHandlers } from "./explain.ts";
import { createGraphHandlers } from "./graph.ts";
import { refuseForeign } from "./guard.ts";
import type { Handlers } from "./handler.ts";
import { createHealthHandlers } from "./health.ts";
import { createGroupHandlers, createProfileHandlers } from "./layers.ts";
import { createLimitHandlers } from "./limits.ts";
import { createLongOperations } from "./long_operations.ts";
import { createMetricHandlers, streamMetrics } from "./metrics.ts";
import { mount } from "./mount.ts";
import { createNodeHandlers } from "./nodes.ts";
import { createPlanHandlers } from "./plans.ts";
import { createRequestContext, nameRequests, type RequestContext } from "./request_context.ts";
import { createReplays } from "./replays.ts";
import { createOutputHandlers, createStagingHandlers } from "./staging.ts";
import { createToTime, type ToTime } from "./time.ts";
import { createTreeHandlers } from "./tree.ts";

/** What the HTTP interface needs beside an aggregator's {@link Control}. */
export interface AppOptions {
  /** Kraken's version, for people. */
  readonly version: string;
  /** Takes what went wrong inside: clients are not told. */
  readonly log: Log;
  /** What is measured of this program. */
  readonly metrics: () => Promise<readonly Metric[]> | readonly Metric[];
  /** What is known of machines that boot; absent where none boots from here. */
  readonly boot?: BootNetwork;
  /** Reads event logs of controllers; absent where no module does. */
  readonly logs?: BmcLogReader;
  /** What adds ids of requests to the lines of `log`; absent where it adds none. */
  readonly requests?: RequestContext;
  /** @default systemClock */
  readonly clock?: Clock;
  /** Refuses changes without a condition where they could have one: 428. @default false */
  readonly requireConditions?: boolean;
  /** Compares every answer with the table of operations, and fails where it differs: for tests. */
  readonly checkAnswers?: boolean;
}

/** Makes the HTTP interface of an aggregator: a web-standard `fetch` that any server can call. */
export function createApp(control: Control, options: AppOptions): Hono {
  const app = new Hono();
  const clock = options.clock ?? systemClock;
  app.use(nameRequests({ context: options.requests ?? createRequestContext(), log: options.log, clock }));
  app.use(refuseForeign);
  const toTime = createToTime(clock);
  const long = createLongOperations(clock, toTime);
  const handlers: Handlers = {
    ...createHandlers(control, options, clock, toTime),
    ...createDescriptionHandlers(options.version, long),
  };
  mount(app, handlers, {
    long,
    replays: createReplays(clock),
    requireConditions: options.requireConditions === true,
    redirect: createRedirect(control),
    unanswered: (what) => control.unanswered(what),
    checkAnswers: options.checkAnswers === true,
  });
  app.notFound((c) =>
    answerProblem({ kind: "not-found", detail: `There is nothing at '${c.req.path.slice(0, 200)}'` })
  );
  app.onError((error, c) => {
    options.log.error("Cannot answer a request", {
      method: c.req.method,
      path: c.req.path,
      problem: error.message,
      stack: error.stack,
    });
    return answerProblem({ kind: "internal", detail: "The aggregator failed to answer: its log says why" });
  });
  return app;
}

/** What answers questions about nodes and the cluster. */
function createHandlers(
  control: Control,
  options: AppOptions,
  clock: Clock,
  toTime: ToTime,
): Omit<Handlers, keyof ReturnType<typeof createDescriptionHandlers>> {
  const streams = createEventStreams(control, clock);
  return {
    ...createNodeHandlers(control, toTime),
    ...createCfgHandlers(control),
    ...createBulkHandlers(control, toTime),
    ...createProfileHandlers(control, toTime),
    ...createDeclaredHandlers(control),
    ...createGroupHandlers(control),
    ...createStagingHandlers(control),
    ...createOutputHandlers(control),
    ...createReportHandlers(control),
    ...createBmcLogHandlers(control, options.logs),
    ...createPlanHandlers(control, toTime),
    ...createExplainHandlers(control, toTime),
    ...createGraphHandlers(control),
    ...createEventHandlers(control, streams),
    ...createEngineHandlers(control, options.version, toTime),
    ...createLimitHandlers(control, toTime),
    ...createTreeHandlers(control),
    ...createDiscoveredHandlers(control, options.boot),
    ...createHealthHandlers(control, options.version),
    ...createMetricHandlers(async () => [...await options.metrics(), ...streamMetrics(streams)]),
  };
}

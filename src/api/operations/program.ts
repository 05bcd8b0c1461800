import * as v from "valibot";
import { define } from "../operation.ts";
import { listParameters } from "../parameters.ts";
import { jsonObject } from "../schemas/common.ts";
import { longOperation, longOperationList } from "../schemas/operations.ts";
import { health, ready } from "../schemas/program.ts";

const always = {
  method: "GET",
  group: "The program",
  role: "viewer",
  answeredBy: "any",
  changes: false,
  parameters: {},
} as const;
const long = { ...always, group: "Long requests" } as const;
const named = <const A extends string>(about: A) => ({
  kind: "text",
  schema: v.pipe(v.string(), v.maxLength(100, "at most 100 characters")),
  about,
  required: true,
} as const);

/** What watches the program, what describes it, and requests that take long. */
export const programOperations = {
  listOperations: define({
    ...long,
    path: "/api/v1/operations",
    summary: "Lists long requests that are running or ended in the last 10 minutes",
    parameters: { query: listParameters },
    answers: { 200: { about: "The requests", schema: longOperationList } },
    list: { key: "operations", item: v.omit(longOperation, ["answer", "problem"]) },
  }),
  getOperation: define({
    ...long,
    path: "/api/v1/operations/{operation}",
    summary: "Returns the state and the result of a long request",
    description: "The 202 answer to a request with `Prefer: respond-async` has its id.",
    parameters: { path: { operation: named("Its id") } },
    answers: { 200: { about: "The request", schema: longOperation } },
    problems: ["not-found"],
  }),
  getHealth: define({
    ...always,
    path: "/healthz",
    summary: "Reports that the program is alive, and what prevents it from working",
    answers: { 200: { about: "It is alive", schema: health } },
  }),
  getReady: define({
    ...always,
    path: "/readyz",
    summary: "Reports whether the program can do all of its work: 200, or 503 with the reason",
    answers: { 200: { about: "It is ready", schema: ready } },
    problems: ["unavailable"],
  }),
  getMetrics: define({
    ...always,
    path: "/metrics",
    summary: "Returns the metrics, for Prometheus",
    description: "OpenMetrics if `Accept` asks for it, as Prometheus does.",
    answers: {
      200: {
        about: "The text format of Prometheus, or OpenMetrics",
        types: ["text/plain; version=0.0.4", "application/openmetrics-text; version=1.0.0; charset=utf-8"],
      },
    },
  }),
  getRoot: define({
    ...always,
    path: "/",
    summary: "Points people who open the address to `/api`",
    answers: { 200: { about: "A text", types: ["text/plain; charset=UTF-8"] } },
  }),
  getOpenApi: define({
    ...always,
    path: "/openapi.json",
    summary: "Returns the description of this API in OpenAPI 3.1",
    answers: { 200: { about: "The document", schema: jsonObject } },
  }),
  getApiPage: define({
    ...always,
    path: "/api",
    summary: "Returns a page that describes this API for people",
    answers: { 200: { about: "The page", types: ["text/html; charset=UTF-8"] } },
  }),
  getProblem: define({
    ...always,
    path: "/problems/{kind}",
    summary: "Explains a kind of problem",
    parameters: { path: { kind: named("The end of the `type` of a problem") } },
    answers: { 200: { about: "A text", types: ["text/plain; charset=UTF-8"] } },
    problems: ["not-found"],
  }),
};

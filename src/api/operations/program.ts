import { define } from "../operation.ts";
import { health, ready } from "../schemas/program.ts";

const always = {
  method: "GET",
  group: "The program",
  role: "viewer",
  answeredBy: "any",
  changes: false,
  parameters: {},
} as const;

/** What watches the program, and what describes it. */
export const programOperations = {
  getHealth: define({
    ...always,
    ...{ path: "/healthz" },
    summary: "Answers while the program lives, with what keeps it from its work",
    answers: { 200: { about: "It lives", schema: health } },
  }),
  getReady: define({
    ...always,
    ...{ path: "/readyz" },
    summary: "Answers 200 while the program can do all of its work, and otherwise 503 with the reason",
    answers: { 200: { about: "It is ready", schema: ready } },
    problems: ["unavailable"],
  }),
  getMetrics: define({
    ...always,
    ...{ path: "/metrics" },
    summary: "Tells what is measured, for Prometheus",
    answers: { 200: { about: "The text format of Prometheus", types: ["text/plain; version=0.0.4"] } },
  }),
  getRoot: define({
    ...always,
    ...{ path: "/" },
    summary: "Tells people who opened the address where to look",
    answers: { 200: { about: "A text", types: ["text/plain; charset=UTF-8"] } },
  }),
};

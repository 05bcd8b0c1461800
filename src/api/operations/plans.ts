import * as v from "valibot";
import { define } from "../operation.ts";
import {
  listParameters,
  MAX_SELECTION,
  nodeFilters,
  nodeInPath,
  PATCH_TYPES,
  someNodes,
  theseNodes,
  wholeParameter,
} from "../parameters.ts";
import { mergePatch } from "../schemas/common.ts";
import { explanation, explanationList } from "../schemas/explanations.ts";
import { graph } from "../schemas/nodes.ts";
import { nodePlan, planList } from "../schemas/plans.ts";

const group = "Plans and explanations";
const whatIf = {
  schema: mergePatch,
  types: PATCH_TYPES,
  about: "A merge patch of the cfg, which is not stored",
} as const;
const { limit, cursor, fields } = listParameters;
const { phase } = nodeFilters;

/** What is to be done, what it waits for, and why nothing is done where nothing is. */
export const planOperations = {
  listPlans: define({
    ...{ method: "GET", path: "/api/v1/plan", group, role: "viewer", answeredBy: "any", changes: false },
    summary: "Returns the plans of nodes, or why there are none",
    parameters: { query: { ...someNodes, phase, limit, cursor, fields } },
    answers: { 200: { about: "The plans", schema: planList } },
    list: { key: "plans", item: nodePlan },
    selection: { path: "plan" },
  }),
  getPlan: define({
    ...{ method: "GET", path: "/api/v1/nodes/{id}/plan", group, role: "viewer", answeredBy: "any", changes: false },
    summary: "Returns the plan of a node, or why there is none",
    parameters: { path: nodeInPath },
    answers: { 200: { about: "The plan", schema: nodePlan } },
  }),
  listExplanations: define({
    ...{ method: "GET", path: "/api/v1/explain", group, role: "viewer", answeredBy: "any", changes: false },
    summary: "Explains what Kraken does with nodes, what they wait for, and why",
    description: "Only the aggregator that serves a node knows what each step waits for; `servedAt` is its address.",
    parameters: { query: { ...someNodes, phase, limit, cursor, fields } },
    answers: { 200: { about: "The explanations", schema: explanationList } },
    list: { key: "explanations", item: explanation },
    selection: { path: "explain" },
  }),
  explainNode: define({
    ...{
      method: "GET",
      path: "/api/v1/nodes/{id}/explain",
      group,
      role: "viewer",
      answeredBy: "server",
      changes: false,
    },
    summary: "Explains what Kraken does with a node: each remaining step and what it waits for",
    parameters: { path: nodeInPath },
    answers: { 200: { about: "The explanation", schema: explanation } },
  }),
  explainChanges: define({
    ...{ method: "POST", path: "/api/v1/explain", group, role: "viewer", answeredBy: "any", changes: false },
    summary: "Explains what Kraken would do after a change of the cfg of nodes, without making it",
    parameters: { query: theseNodes },
    body: { ...whatIf, limit: MAX_SELECTION },
    answers: { 200: { about: "The explanations, with `isHypothetical`", schema: explanationList } },
    problems: ["conflict", "unavailable"],
    selection: { path: "explain-change" },
    examples: { request: { physState: "POWER_OFF" } },
  }),
  explainChange: define({
    ...{
      method: "POST",
      path: "/api/v1/nodes/{id}/explain",
      group,
      role: "viewer",
      answeredBy: "server",
      changes: false,
    },
    summary: "Explains what Kraken would do after a change of the cfg of a node, without making it",
    parameters: { path: nodeInPath },
    body: whatIf,
    answers: { 200: { about: "The explanation, with `isHypothetical`", schema: explanation } },
    problems: ["conflict"],
    examples: { request: { physState: "POWER_OFF" } },
  }),
  getGraph: define({
    ...{ method: "GET", path: "/api/v1/nodes/{id}/graph", group, role: "viewer", answeredBy: "any", changes: false },
    summary: "Returns the graph of states around a node, and its path through them",
    parameters: {
      path: nodeInPath,
      query: {
        format: {
          kind: "text",
          schema: v.picklist(["json", "dot", "mermaid"], "json, dot or mermaid"),
          about: "JSON, or a drawing for Graphviz or Mermaid",
          default: "json",
        },
        maxStates: wholeParameter({ least: 1, most: 2000, default: 256, about: "Largest number of states" }),
      },
    },
    answers: {
      200: {
        about: "The graph",
        schema: graph,
        types: ["text/vnd.graphviz; charset=utf-8", "text/plain; charset=utf-8"],
      },
    },
  }),
};

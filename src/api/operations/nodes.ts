import { define } from "../operation.ts";
import {
  detail,
  dryRun,
  listParameters,
  MAX_SELECTION,
  nodeFilters,
  nodeInPath,
  PATCH_TYPES,
  someNodes,
  theseNodes,
  wholeParameter,
} from "../parameters.ts";
import { cfgChange, changeList, patchExtras } from "../schemas/changes.ts";
import { jsonObject, mergePatch } from "../schemas/common.ts";
import {
  bmcLog,
  deletedNodes,
  nodeDetail,
  nodeList,
  nodeSummary,
  reportedNode,
  retriedNode,
} from "../schemas/nodes.ts";

const group = "Nodes";
const patch = { schema: mergePatch, types: PATCH_TYPES } as const;

/** Nodes, what they should be and what is known of them. */
export const nodeOperations = {
  listNodes: define({
    ...{ method: "GET", path: "/api/v1/nodes", group, role: "viewer", answeredBy: "any", changes: false },
    summary: "Lists nodes",
    description:
      "The `ETag` changes with every change of any node: `If-None-Match` with it costs next to nothing while " +
      "nothing has changed (304).",
    parameters: { query: { ...someNodes, ...nodeFilters, ...listParameters } },
    answers: {
      200: { about: "The nodes, sorted by name unless `sort` is given", schema: nodeList, etag: "all nodes" },
    },
    list: { key: "nodes", item: nodeSummary },
    selection: { path: "nodes" },
    examples: {
      answer: {
        nodes: [{
          ...{ id: "2722a0f5-92d6-5cbb-bd1c-5d953d5d3303", name: "n1", kind: "node", platform: "sim", parent: "root" },
          ...{ physState: "POWER_ON", runState: "SYNC", link: "UP", phase: "converged", reason: "" },
        }],
      },
    },
  }),
  getNode: define({
    ...{ method: "GET", path: "/api/v1/nodes/{id}", group, role: "viewer", answeredBy: "any", changes: false },
    summary: "Returns a node with its cfg, its discovered state and the status of the engine",
    parameters: { path: nodeInPath },
    answers: { 200: { about: "The node", schema: nodeDetail } },
  }),
  patchNodes: define({
    ...{ method: "PATCH", path: "/api/v1/nodes", group, role: "operator", answeredBy: "root", changes: true },
    summary: "Merges a patch into the cfg of nodes, all or none",
    description:
      "With `detail=groups` the answer has the groups of nodes with the same plan, and leaves out the single nodes.",
    parameters: { query: { ...theseNodes, ...dryRun, ...detail } },
    body: { ...patch, about: "A merge patch of nested state; null unsets a value", limit: MAX_SELECTION },
    answers: {
      200: { about: "The changes and the resulting plans", schema: changeList, etag: "the cfg of these nodes" },
    },
    problems: ["conflict"],
    conditional: "the cfg of these nodes, as a dry run answers it, or of all nodes, as their list does",
    selection: { path: "patch", extras: patchExtras },
    examples: { request: { physState: "POWER_ON" } },
  }),
  deleteNodes: define({
    ...{ method: "DELETE", path: "/api/v1/nodes", group, role: "operator", answeredBy: "root", changes: true },
    summary: "Deletes nodes, all or none",
    description: "Kraken aborts what it does for them and drops their links. It does not touch their machines.",
    parameters: { query: theseNodes },
    answers: { 200: { about: "The deleted nodes", schema: deletedNodes } },
    problems: ["conflict", "invalid"],
    conditional: "the cfg of these nodes, as a dry run of a patch answers it, or of all nodes, as their list does",
    selection: { path: "delete" },
  }),
  deleteNode: define({
    ...{ method: "DELETE", path: "/api/v1/nodes/{id}", group, role: "operator", answeredBy: "root", changes: true },
    summary: "Deletes a node",
    description: "Kraken does not touch its machine. An aggregator cannot delete its own node.",
    parameters: { path: nodeInPath },
    answers: { 200: { about: "The deleted node", schema: deletedNodes } },
    problems: ["conflict", "invalid"],
    conditional: "its cfg",
  }),
  getCfg: define({
    ...{ method: "GET", path: "/api/v1/nodes/{id}/cfg", group, role: "viewer", answeredBy: "any", changes: false },
    summary: "Returns the cfg of a node: its desired state",
    parameters: { path: nodeInPath },
    answers: { 200: { about: "Its cfg, nested", schema: jsonObject, etag: "its cfg" } },
  }),
  patchCfg: define({
    ...{ method: "PATCH", path: "/api/v1/nodes/{id}/cfg", group, role: "operator", answeredBy: "root", changes: true },
    summary: "Merges a patch into the cfg of a node",
    description:
      "When the answer comes, the change is on disk. A goal that cannot be reached now is accepted, and the plan " +
      "of the answer says what is missing.",
    parameters: { path: nodeInPath, query: dryRun },
    body: { ...patch, about: "A merge patch of nested state; null unsets a value" },
    answers: { 200: { about: "The changes and the resulting plan", schema: cfgChange, etag: "its cfg" } },
    problems: ["conflict"],
    conditional: "its cfg",
    examples: { request: { physState: "POWER_ON" } },
  }),
  getDsc: define({
    ...{ method: "GET", path: "/api/v1/nodes/{id}/dsc", group, role: "viewer", answeredBy: "any", changes: false },
    summary: "Returns the discovered state of a node",
    parameters: { path: nodeInPath },
    answers: { 200: { about: "Its discovered state, nested", schema: jsonObject } },
  }),
  patchDsc: define({
    ...{
      method: "PATCH",
      path: "/api/v1/nodes/{id}/dsc",
      group,
      role: "operator",
      answeredBy: "server",
      changes: true,
    },
    summary: "Reports observations of a node, such as `busy`",
    description: "Only variables that are declared as reported can be set. Modules discover all others.",
    parameters: { path: nodeInPath },
    body: { ...patch, about: "A merge patch of nested state; null removes a value" },
    answers: { 200: { about: "Its discovered state after the report", schema: reportedNode } },
    problems: ["conflict"],
    examples: { request: { busy: "BUSY" } },
  }),
  getBmcLog: define({
    ...{
      method: "GET",
      path: "/api/v1/nodes/{id}/bmc/log",
      group,
      role: "viewer",
      answeredBy: "server",
      changes: false,
    },
    summary: "Reads the newest entries of the event log of a node's controller (BMC)",
    description:
      "The controller is asked for them, which takes up to 55 s. 404: it has no log, or none that can be read; 422: " +
      "what is set for it cannot be right; 503: it does not answer.",
    parameters: {
      path: nodeInPath,
      query: { count: wholeParameter({ least: 1, most: 100, default: 20, about: "Largest number of entries" }) },
    },
    answers: { 200: { about: "The entries", schema: bmcLog } },
    problems: ["invalid", "unavailable"],
  }),
  retryNode: define({
    ...{ method: "POST", path: "/api/v1/nodes/{id}/retry", group, role: "operator", answeredBy: "any", changes: true },
    summary: "Clears the failures of a node, so that Kraken tries again what it gave up",
    description:
      "The root forwards the request to the aggregator that serves the node; other aggregators redirect to it.",
    parameters: { path: nodeInPath },
    answers: { 200: { about: "The status of the engine after that", schema: retriedNode } },
    problems: ["conflict", "invalid", "elsewhere", "unavailable"],
  }),
};

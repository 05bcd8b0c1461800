/** Nodes: one in a list, everything about one, and its log of a controller. */
import * as v from "valibot";
import { about, jsonObject, late, phase, type Shape, stale, time } from "./common.ts";
import { staged } from "./layers.ts";
import { plan } from "./plans.ts";

/** One node in a list. */
export const nodeSummary = v.object({
  id: about(v.string(), "A UUID"),
  name: v.string(),
  kind: about(v.picklist(["node", "aggregator"]), "`aggregator` for the node of an aggregator"),
  platform: v.string(),
  parent: about(v.string(), "The name of the aggregator that serves it"),
  physState: v.string(),
  runState: v.string(),
  link: v.string(),
  phase,
  reason: about(v.string(), "Why it is stuck or blocked, what it waits for, or what it does"),
  late: v.exactOptional(about(late, "Present while something takes longer than it is expected to")),
  stale: v.exactOptional(about(stale, "Present while it is not heard: everything else is what was known last")),
});
/** One node in a list. */
export type NodeSummaryInfo = Shape<typeof nodeSummary>;
/** A list of nodes. */
export const nodeList = v.object({
  nodes: v.array(nodeSummary),
  next: v.exactOptional(about(v.string(), "The cursor of the next page; absent on the last one")),
});

/** What the engine does with a node. */
export const engineStatus = v.object({
  phase,
  reason: v.exactOptional(v.string()),
  running: v.array(v.object({
    key: v.string(),
    ours: about(v.boolean(), "Whether this aggregator runs it"),
    since: time,
    execution: v.string(),
  })),
  retryAt: v.exactOptional(time),
  late: v.exactOptional(late),
});
/** What the engine does with a node. */
export type EngineStatusInfo = Shape<typeof engineStatus>;

/** Everything about one node. */
export const nodeDetail = v.object({
  ...nodeSummary.entries,
  version: about(v.string(), "The version of its cfg, `assignment.run.rev`: between quotes it is the ETag of the cfg"),
  cfg: about(jsonObject, "What people want of it, nested"),
  inherited: about(
    v.record(v.string(), v.string()),
    "The profile that a value of its cfg comes from, by URL; others are its own",
  ),
  staged: v.exactOptional(about(staged, "Cfg that waits for its moment")),
  dsc: about(jsonObject, "What is known of it, nested"),
  engine: engineStatus,
});
/** Everything about one node. */
export type NodeDetailInfo = Shape<typeof nodeDetail>;

/** What others reported of a node. */
export const reportedNode = v.object({ id: v.string(), name: v.string(), dsc: jsonObject });

/** A node that is tried again. */
export const retriedNode = v.object({ id: v.string(), name: v.string(), engine: v.exactOptional(engineStatus) });

/** The event log of a node's controller. */
export const bmcLog = v.object({
  id: v.string(),
  name: v.string(),
  entries: about(
    v.array(v.object({
      id: v.string(),
      log: v.string(),
      time: v.exactOptional(about(v.string(), "As the controller says it")),
      severity: v.exactOptional(v.string()),
      message: v.string(),
    })),
    "The newest first",
  ),
});
/** The event log of a node's controller. */
export type BmcLogInfo = Shape<typeof bmcLog>;

/** Which nodes were deleted. */
export const deletedNodes = v.object({ deleted: v.array(v.object({ id: v.string(), name: v.string() })) });

/** A graph of states. */
export const graph = v.object({
  id: v.string(),
  name: v.string(),
  urls: about(v.array(v.string()), "Every URL whose value can differ"),
  states: v.array(v.object({ id: v.string(), values: jsonObject, isGoal: v.boolean() })),
  edges: v.array(v.object({
    ...{ from: v.string(), to: v.string(), mutation: v.string(), context: v.picklist(["self", "parent"]) },
    ...{ disruption: v.number(), duration: v.number(), isPlanned: v.boolean() },
  })),
  current: v.string(),
  unknown: v.exactOptional(v.string()),
  goal: v.exactOptional(v.string()),
  path: about(v.array(v.string()), "The states along the plan"),
  plan,
  truncated: about(v.boolean(), "There are more states, which were left out"),
});

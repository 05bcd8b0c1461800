/** What the server answers, checked when it arrives. Fields that this program does not use are handed on as they are. */
import * as v from "valibot";

const json = v.unknown();

/** One node in a list. */
export const nodeSummary = v.looseObject({
  id: v.string(),
  name: v.string(),
  kind: v.string(),
  platform: v.string(),
  parent: v.string(),
  physState: v.string(),
  runState: v.string(),
  link: v.string(),
  phase: v.string(),
  reason: v.string(),
});
/** One node in a list. */
export type NodeSummaryShape = v.InferOutput<typeof nodeSummary>;

/** A list of nodes. */
export const nodeList = v.looseObject({ nodes: v.array(nodeSummary) });

/** Everything about one node. */
export const nodeDetail = v.looseObject({
  ...nodeSummary.entries,
  cfg: v.record(v.string(), json),
  dsc: v.record(v.string(), json),
});
/** Everything about one node. */
export type NodeDetailShape = v.InferOutput<typeof nodeDetail>;

const goal = v.looseObject({ url: v.string(), value: json });

const step = v.looseObject({
  key: v.string(),
  context: v.string(),
  changes: v.record(v.string(), v.tuple([v.string(), v.string()])),
  timeout: v.number(),
  after: v.array(v.number()),
});

/** A plan, or why there is none. */
export const plan = v.variant("ok", [
  v.looseObject({
    ok: v.literal(true),
    steps: v.array(step),
    suspended: v.array(v.looseObject({ ...goal.entries, because: goal })),
  }),
  v.looseObject({ ok: v.literal(false), reason: v.string() }),
]);
/** A plan, or why there is none. */
export type PlanShape = v.InferOutput<typeof plan>;

/** The plans of some nodes. */
export const planList = v.looseObject({ plans: v.array(v.looseObject({ id: v.string(), name: v.string(), plan })) });
/** The plan of one node. */
export type NodePlanShape = v.InferOutput<typeof planList>["plans"][number];

/** What a change of one node's cfg does, or would do. */
export const nodeChange = v.looseObject({
  id: v.string(),
  name: v.string(),
  created: v.boolean(),
  differences: v.array(v.looseObject({ url: v.string(), from: v.optional(json), to: v.optional(json) })),
  plan,
});
/** What a change of one node's cfg does, or would do. */
export type NodeChangeShape = v.InferOutput<typeof nodeChange>;

/** What a change of some nodes does. */
export const changeList = v.looseObject({ changes: v.array(nodeChange) });

/** One entry of the event log. */
export const loggedEvent = v.looseObject({
  id: v.number(),
  time: v.string(),
  node: v.string(),
  kind: v.string(),
  mutation: v.optional(v.string()),
  why: v.string(),
});
/** One entry of the event log. */
export type LoggedEventShape = v.InferOutput<typeof loggedEvent>;

/** A page of the event log. */
export const eventPage = v.looseObject({ events: v.array(loggedEvent) });

/** Problem details (RFC 9457). */
export const problemDetails = v.looseObject({
  title: v.string(),
  detail: v.optional(v.string()),
  errors: v.optional(v.array(v.string())),
});

/** How the engine does. */
export const engine = v.looseObject({ cluster: v.string() });
/** How the engine does. */
export type EngineShape = v.InferOutput<typeof engine>;

/** An answer of which nothing is used but that it came. */
export const anything = v.unknown();

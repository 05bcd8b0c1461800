/** What the server answers, checked when it arrives. Fields that this program does not use are handed on as they are. */
import * as v from "valibot";

const json = v.unknown();

const late = v.looseObject({ since: v.string(), why: v.string() });

const stale = v.looseObject({ since: v.string(), aggregator: v.string(), why: v.exactOptional(v.string()) });

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
  late: v.exactOptional(late),
  stale: v.exactOptional(stale),
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
/** One step of a plan. */
export type StepShape = v.InferOutput<typeof step>;

const suspendedGoal = v.looseObject({ ...goal.entries, because: goal });
/** A goal that gives way to another. */
export type SuspendedShape = v.InferOutput<typeof suspendedGoal>;

/** A plan, or why there is none. */
export const plan = v.variant("ok", [
  v.looseObject({
    ok: v.literal(true),
    steps: v.array(step),
    suspended: v.array(suspendedGoal),
  }),
  v.looseObject({ ok: v.literal(false), reason: v.string() }),
]);
/** A plan, or why there is none. */
export type PlanShape = v.InferOutput<typeof plan>;

const stepState = v.looseObject({
  kind: v.string(),
  by: v.exactOptional(v.string()),
  next: v.exactOptional(v.boolean()),
  of: v.exactOptional(v.string()),
  since: v.exactOptional(v.string()),
  until: v.exactOptional(v.string()),
  attempts: v.exactOptional(v.number()),
  reason: v.exactOptional(v.string()),
  words: v.exactOptional(v.string()),
  blocker: v.exactOptional(v.looseObject({
    kind: v.string(),
    limit: v.exactOptional(v.string()),
    invariant: v.exactOptional(v.string()),
    group: v.exactOptional(v.string()),
    because: v.exactOptional(v.string()),
    place: v.exactOptional(v.number()),
    atMost: v.exactOptional(v.number()),
  })),
});

/** Steps that come after no other, and do not start at once. */
const starts = v.exactOptional(v.array(v.looseObject({ step: v.number(), state: stepState })));

const namedPlan = v.looseObject({
  ...{ id: v.string(), name: v.string(), plan, starts },
  note: v.exactOptional(v.string()),
  frozen: v.exactOptional(v.string()),
});
/** How a step starts that does not start at once. */
export type StartShape = NonNullable<v.InferOutput<typeof starts>>[number];

/** The plans of some nodes. */
export const planList = v.looseObject({ plans: v.array(namedPlan) });
/** The plan of one node. */
export type NodePlanShape = v.InferOutput<typeof planList>["plans"][number];

/** What a change of one node's cfg does, or would do. */
export const nodeChange = v.looseObject({
  id: v.string(),
  name: v.string(),
  created: v.boolean(),
  differences: v.array(v.looseObject({ url: v.string(), from: v.optional(json), to: v.optional(json) })),
  plan,
  warnings: v.exactOptional(v.array(v.string())),
});
/** What a change of one node's cfg does, or would do. */
export type NodeChangeShape = v.InferOutput<typeof nodeChange>;

/** Nodes with the same plan, or without one for the same reason. */
export const group = v.looseObject({
  nodeset: v.string(),
  count: v.number(),
  ok: v.boolean(),
  summary: v.string(),
  steps: v.array(step),
  suspended: v.array(suspendedGoal),
  busy: v.exactOptional(v.string()),
  frozen: v.exactOptional(v.string()),
  held: v.exactOptional(v.looseObject({ nodeset: v.string(), reason: v.string() })),
  refused: v.exactOptional(v.looseObject({ step: v.number(), invariant: v.string(), because: v.string() })),
  queued: v.exactOptional(v.array(v.looseObject({ step: v.number(), rule: v.string(), words: v.string() }))),
  starts,
});
/** Nodes with the same plan, or without one for the same reason. */
export type GroupShape = v.InferOutput<typeof group>;

/** What a change of some nodes does. */
export const changeList = v.looseObject({ changes: v.array(nodeChange), groups: v.array(group) });
/** What a change of some nodes does. */
export type ChangesShape = v.InferOutput<typeof changeList>;

const explainedStep = v.looseObject({
  key: v.string(),
  about: v.string(),
  expectedMs: v.number(),
  after: v.array(v.number()),
  state: stepState,
});
/** One step of an explanation. */
export type ExplainedStepShape = v.InferOutput<typeof explainedStep>;

/** What is done with a node, and what it waits for. */
export const explanation = v.looseObject({
  name: v.string(),
  at: v.string(),
  isHypothetical: v.boolean(),
  servedAt: v.exactOptional(v.pipe(v.string(), v.regex(/^https?:/), v.url())),
  phase: v.string(),
  why: v.string(),
  goals: v.array(goal),
  steps: v.array(explainedStep),
  expectedMs: v.exactOptional(v.number()),
  noPlan: v.exactOptional(v.looseObject({
    kind: v.string(),
    reason: v.string(),
    url: v.exactOptional(v.string()),
    value: v.exactOptional(json),
    achievers: v.exactOptional(
      v.array(v.looseObject({
        key: v.string(),
        lacks: v.array(v.looseObject({ words: v.string() })),
        forOthers: v.exactOptional(v.boolean()),
      })),
    ),
  })),
  suspended: v.array(suspendedGoal),
  late: v.exactOptional(late),
  agent: v.exactOptional(v.looseObject({
    mutation: v.string(),
    reason: v.string(),
    attempts: v.number(),
    since: v.exactOptional(v.string()),
  })),
});
/** What is done with a node, and what it waits for. */
export type ExplanationShape = v.InferOutput<typeof explanation>;

/** The explanations of some nodes. */
export const explanationList = v.looseObject({ explanations: v.array(explanation) });

const counts = v.looseObject({
  nodes: v.number(),
  converged: v.number(),
  sync: v.number(),
  failed: v.number(),
  stale: v.number(),
});

const stranger = v.looseObject({
  mac: v.string(),
  asked: v.string(),
  vendorClass: v.exactOptional(v.string()),
  arch: v.exactOptional(v.string()),
  uuid: v.exactOptional(v.string()),
  first: v.string(),
  last: v.string(),
  count: v.number(),
});
/** Machines that nobody knows. */
export const discovered = v.looseObject({ aggregator: v.string(), boots: v.boolean(), machines: v.array(stranger) });
/** Machines that nobody knows. */
export type DiscoveredShape = v.InferOutput<typeof discovered>;

const treeEntry = v.looseObject({
  name: v.string(),
  depth: v.number(),
  health: v.string(),
  counts,
  link: v.string(),
  api: v.string(),
  standby: v.string(),
  stale: v.exactOptional(stale),
  brokerLost: v.exactOptional(v.looseObject({ since: v.string(), why: v.string() })),
});
/** An aggregator of the tree, and how the nodes below it are. */
export type TreeEntryShape = v.InferOutput<typeof treeEntry>;

/** The aggregators of a tree. */
export const treeList = v.looseObject({ aggregators: v.array(treeEntry) });

const queue = v.array(v.looseObject({ node: v.string(), mutation: v.string(), since: v.string() }));
const hold = v.looseObject({
  mutation: v.string(),
  nodes: v.array(v.string()),
  reason: v.string(),
  since: v.string(),
});

/** What became of a machine that was adopted. */
export const adopted = v.looseObject({
  mac: v.string(),
  name: v.string(),
  created: v.boolean(),
  differences: v.array(v.looseObject({ url: v.string(), to: v.exactOptional(v.unknown()) })),
});
/** What became of a machine that was adopted. */
export type AdoptedShape = v.InferOutput<typeof adopted>;

/** Limits, invariants, and what is held for the whole fleet. */
export const limits = v.looseObject({
  rules: v.record(v.string(), v.record(v.string(), json)),
  limits: v.array(v.looseObject({
    name: v.string(),
    group: v.string(),
    inFlight: v.number(),
    atMost: v.exactOptional(v.number()),
    perSecond: v.exactOptional(v.number()),
    waiting: v.number(),
    queue,
  })),
  invariants: v.array(v.looseObject({
    name: v.string(),
    kind: v.string(),
    group: v.string(),
    count: v.number(),
    atMost: v.number(),
    waiting: v.number(),
    queue,
  })),
  holds: v.array(hold),
});
/** Limits, invariants, and what is held for the whole fleet. */
export type LimitsShape = v.InferOutput<typeof limits>;

/** What is tried again. */
export const released = v.looseObject({ released: v.array(hold) });

/** Which nodes were deleted. */
export const deleted = v.looseObject({ deleted: v.array(v.looseObject({ id: v.string(), name: v.string() })) });

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

/** The event log of a node's controller. */
export const bmcLog = v.looseObject({
  id: v.string(),
  name: v.string(),
  entries: v.array(v.looseObject({
    id: v.string(),
    log: v.string(),
    time: v.exactOptional(v.string()),
    severity: v.exactOptional(v.string()),
    message: v.string(),
  })),
});
/** The event log of a node's controller. */
export type BmcLogShape = v.InferOutput<typeof bmcLog>;

/** What a stream says of events that are not kept any more. */
export const droppedEvents = v.looseObject({ droppedUpTo: v.number() });

/** A page of the event log. */
export const eventPage = v.looseObject({
  droppedUpTo: v.exactOptional(v.number()),
  events: v.array(loggedEvent),
});

/** A page of the event log. */
export type EventPageShape = v.InferOutput<typeof eventPage>;

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

/** An answer that is a text. */
export const text = v.string();

/** An answer of which nothing is used but that it came. */
export const anything = v.unknown();

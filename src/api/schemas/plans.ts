/** Plans, and the reasons why there is none. */
import * as v from "valibot";
import { about, context, count, frozenBy, json, milliseconds, type Shape, time, urlValue } from "./common.ts";

/** One step of a plan. */
export const step = v.object({
  key: about(v.string(), "Module and mutation, with the names that it is bound to"),
  module: v.string(),
  mutation: v.string(),
  bindings: v.record(v.string(), v.string()),
  context: about(context, "`self`: the node's own agent runs it"),
  changes: about(v.record(v.string(), v.tuple([v.string(), v.string()])), "From and to, by state URL"),
  failTo: v.record(v.string(), v.string()),
  timeout: milliseconds,
  disruption: about(v.number(), "Its cost to the users of the node"),
  duration: about(v.number(), "Milliseconds that it is expected to take"),
  after: about(v.array(count), "The places in the plan of the steps that it waits for"),
});
/** One step of a plan. */
export type PlanStep = Shape<typeof step>;

/** A goal that gives way to another. */
export const suspendedGoal = v.object({ ...urlValue.entries, because: urlValue });
/** A goal that gives way to another. */
export type SuspendedGoalInfo = Shape<typeof suspendedGoal>;

const words = about(v.string(), "The same for people");
const missingNeed = v.variant("kind", [
  v.object({ kind: v.literal("value"), url: v.string(), needs: json, words }),
  v.object({
    ...{ kind: v.literal("constant"), url: v.string(), needs: json, words },
    is: v.exactOptional(json),
    given: v.exactOptional(v.literal(true)),
  }),
  v.object({
    ...{ kind: v.literal("excluded"), url: v.string(), excludes: v.array(json), words },
    is: v.exactOptional(json),
  }),
  v.object({
    ...{ kind: v.literal("undone"), url: v.string(), needs: json, becomes: json, forgets: v.string(), words },
  }),
  v.object({
    kind: v.literal("together"),
    needs: v.array(urlValue),
    excludes: v.array(v.object({ url: v.string(), values: v.array(json) })),
    words,
  }),
]);
const lack = v.object({
  key: v.string(),
  lacks: about(v.array(missingNeed), "Those that a person can fix come first"),
  forOthers: v.exactOptional(about(v.literal(true), "The mutation is for other nodes, say of another platform")),
});

const unreachable = { kind: v.literal("unreachable"), url: v.string(), value: json, achievers: v.array(lack) };
const conflict = { kind: v.literal("conflict"), goals: v.array(urlValue) };
const bound = { kind: v.literal("bound"), bound: v.picklist(["states", "bytes", "ms"]), limit: v.number() };
const searching = { kind: v.literal("searching") };
const reason = about(v.string(), "In words");

/** Why there is no plan, as data. */
export const noPlan = v.variant("kind", [
  v.object(unreachable),
  v.object(conflict),
  v.object(bound),
  v.object(searching),
]);
/** The same with the reason in words. */
export const explainedNoPlan = v.variant("kind", [
  v.object({ ...unreachable, reason }),
  v.object({ ...conflict, reason }),
  v.object({ ...bound, reason }),
  v.object({ ...searching, reason }),
]);
/** Why there is no plan, in words and as data. */
export type ExplainedNoPlan = Shape<typeof explainedNoPlan>;

/** The way from what is to what is wanted, or why there is none. */
export const plan = v.variant("ok", [
  v.object({
    ok: v.literal(true),
    steps: about(v.array(step), "In an order that works"),
    cost: about(v.number(), "The disruption of all steps"),
    duration: about(v.number(), "Milliseconds that they are expected to take, side by side where they can be"),
    suspended: about(v.array(suspendedGoal), "Goals that cannot be pursued while another one is"),
  }),
  v.object({ ok: v.literal(false), reason, noPlan, suspended: v.array(suspendedGoal) }),
]);
/** The way from what is to what is wanted, or why there is none. */
export type PlanInfo = Shape<typeof plan>;

const line = { since: time, place: count, behind: v.exactOptional(v.string()) };
const places = { group: v.string(), by: v.exactOptional(v.string()), inFlight: count, holders: v.array(v.string()) };
const rates = { atMost: v.exactOptional(v.number()), perSecond: v.exactOptional(v.number()) };

/** What a step that could start waits for. */
export const blocker = v.variant("kind", [
  v.object({ kind: v.literal("limit"), limit: v.string(), ...places, ...rates, ...line }),
  v.object({
    ...{ kind: v.literal("count"), invariant: v.string(), counts: v.picklist(["away", "transition"]) },
    ...{ ...places, atMost: v.number(), ...line },
  }),
  v.object({ kind: v.literal("turn") }),
  v.object({ kind: v.literal("invariant"), invariant: v.string(), because: v.string() }),
  v.object({ kind: v.literal("approval"), mutation: v.string() }),
  v.object({ kind: v.literal("store") }),
  v.object({ kind: v.literal("unreturned"), execution: v.string(), until: time }),
]);
/** What a step that could start waits for. */
export type BlockerInfo = Shape<typeof blocker>;

/** What one step waits for, or that it is at work. */
export const stepState = v.variant("kind", [
  v.object({
    ...{ kind: v.literal("running"), since: time, until: time, execution: v.string() },
    words: v.exactOptional(about(v.string(), "What its handler has seen last")),
  }),
  v.object({
    ...{ kind: v.literal("awaited"), of: v.picklist(["agent", "parent"]) },
    ...{ since: v.exactOptional(time), until: v.exactOptional(time) },
  }),
  v.object({ kind: v.literal("after"), steps: v.array(v.string()) }),
  v.object({ kind: v.literal("backoff"), until: time, attempts: count, reason: v.string() }),
  v.object({
    ...{ kind: v.literal("held"), by: v.picklist(["aggregator", "agent", "fleet"]) },
    ...{ since: v.exactOptional(time), attempts: count, reason: v.string() },
  }),
  v.object({ kind: v.literal("waiting"), blocker, words: v.string() }),
  v.object({ kind: v.literal("frozen"), by: frozenBy, next: v.boolean() }),
  v.object({ kind: v.literal("pointless") }),
  v.object({ kind: v.literal("ready") }),
]);
/** What one step waits for, or that it is at work. */
export type StepStateInfo = Shape<typeof stepState>;

/** How a step is that comes after no other, where it does not start at once. */
export const start = v.object({ step: about(count, "The place of the step in the plan"), state: stepState });
/** How a step is that comes after no other, where it does not start at once. */
export type StartInfo = Shape<typeof start>;

/** What is to be done on a node. */
export const nodePlan = v.object({
  id: v.string(),
  name: v.string(),
  plan,
  note: v.exactOptional(about(v.string(), "Why nothing is done for the node whatever the plan says")),
  frozen: v.exactOptional(about(frozenBy, "Who froze it: nothing starts before a thaw")),
  starts: v.exactOptional(about(v.array(start), "Steps that come after no other, and do not start at once")),
});
/** What is to be done on a node. */
export type NodePlanInfo = Shape<typeof nodePlan>;
/** The plans of some nodes. */
export const planList = v.object({ plans: v.array(nodePlan), next: v.exactOptional(v.string()) });

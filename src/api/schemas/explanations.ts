/** What is done with a node, and why nothing is where nothing is. */
import * as v from "valibot";
import { about, context, count, json, late, milliseconds, phase, type Shape, time } from "./common.ts";
import { explainedNoPlan, stepState, suspendedGoal } from "./plans.ts";

const goal = v.object({
  url: v.string(),
  value: json,
  now: v.exactOptional(about(json, "What is seen; absent where nothing is known")),
});

/** One step that is left. */
export const explainedStep = v.object({
  key: v.string(),
  about: about(v.string(), "What it does, for people"),
  context,
  changes: v.record(v.string(), v.tuple([v.string(), v.string()])),
  disruption: v.number(),
  expectedMs: about(v.number(), "Milliseconds that it is expected to take"),
  timeout: milliseconds,
  after: v.array(count),
  state: stepState,
});
/** One step that is left. */
export type ExplainedStepInfo = Shape<typeof explainedStep>;

/** What is done with one node, and why nothing is where nothing is. */
export const explanation = v.object({
  id: v.string(),
  name: v.string(),
  at: about(time, "The moment of this answer: what its times are to be compared with"),
  isHypothetical: about(v.boolean(), 'True for the answer to "what if": nothing of it is done'),
  phase,
  why: about(v.string(), "In one sentence"),
  goals: about(v.array(goal), "What it is on its way to"),
  steps: v.array(explainedStep),
  expectedMs: v.exactOptional(
    about(v.number(), "Milliseconds until all is done, waiting left out; absent without a plan"),
  ),
  noPlan: v.exactOptional(explainedNoPlan),
  suspended: v.array(suspendedGoal),
  late: v.exactOptional(late),
  servedAt: v.exactOptional(
    about(
      v.pipe(v.string(), v.regex(/^https?:/), v.url()),
      "The API of the aggregator that serves it, where that is another one: only that one knows what each step waits for",
    ),
  ),
  agent: v.exactOptional(about(
    v.object({ mutation: v.string(), reason: v.string(), attempts: count, since: v.exactOptional(time) }),
    "What its own agent has given up on",
  )),
});
/** What is done with one node, and why nothing is where nothing is. */
export type ExplanationInfo = Shape<typeof explanation>;
/** The explanations of some nodes. */
export const explanationList = v.object({ explanations: v.array(explanation), next: v.exactOptional(v.string()) });

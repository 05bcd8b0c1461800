/** The engine: reconciles nodes on an injected clock. */
export * from "./blocker.ts";
export * from "./explanation.ts";
export * from "./host.ts";
export * from "./node.ts";
export * from "./types.ts";
export {
  type Bound,
  defaultPolicy,
  type Invariant,
  type Limit,
  type Policy,
  policy,
  readPolicy,
  validatePolicy,
} from "./policy.ts";
export { shareOf } from "./limits/counter.ts";
export { matchMutations, matchNodes } from "./limits/needs.ts";
export { type PlannedPlace, type Preview, previewElsewhere, type RefusedPreview } from "./preview.ts";
export { describeBlocker } from "./messages.ts";
export { isDisruptive } from "./disruption.ts";
export { goalsHash } from "./fleet.ts";
export { createEngine, type Engine } from "./engine.ts";
export type { StepFailure } from "./failure_record.ts";
export { defaultEngineOptions, type EngineOptions } from "./options.ts";
export { checkpointValue, readCheckpoint } from "./checkpoint.ts";
export { readStuck } from "./stuck.ts";
export { targetOf } from "./target.ts";

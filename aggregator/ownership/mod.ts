export type { Effect, ShownValues } from "./effects.ts";
export type { OwnershipEvent } from "./events.ts";
export { mayAct, type Permission, type Standing } from "./may_act.ts";
export { FOREIGN, type Here, isHere, type Machine, type Ownership, type Place } from "./ownership.ts";
export { type OwnershipStep, step } from "./step.ts";

export type { Effect, Shown } from "./effects.ts";
export type { OwnershipEvent } from "./events.ts";
export { mayAct, type Permission, type Standing } from "./may_act.ts";
export { FOREIGN, type Here, isHere, type Machine, type Ownership, type Place } from "./ownership.ts";
export { type Step, step } from "./step.ts";

/** Requests that are being worked on, or were. */
import * as v from "valibot";
import { about, count, json, type Shape, time } from "./common.ts";
import { problemDetails } from "./problem.ts";

/** A request that is being worked on, or was. */
export const longOperation = v.object({
  id: about(v.string(), "A UUID"),
  operation: about(v.string(), "The name of what was asked for, such as `apply`"),
  state: about(v.picklist(["running", "done", "refused"]), "`refused`: see `problem`; nothing was changed"),
  started: time,
  ended: v.exactOptional(time),
  status: v.exactOptional(about(count, "The status that the request would have been answered with")),
  answer: v.exactOptional(about(json, "What it would have been answered with; absent where that is too large to keep")),
  problem: v.exactOptional(problemDetails),
});
/** A request that is being worked on, or was. */
export type LongOperationInfo = Shape<typeof longOperation>;

/** The requests that are worked on, and those that were lately. */
export const longOperationList = v.object({
  operations: about(v.array(v.omit(longOperation, ["answer", "problem"])), "The oldest first"),
  next: v.exactOptional(v.string()),
});

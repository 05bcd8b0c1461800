/** The log of events. */
import * as v from "valibot";
import { about, count, type Shape } from "./common.ts";

/** One entry of the event log. */
export const loggedEvent = v.object({
  id: about(count, "Grows with each event of this aggregator, restarts included"),
  time: about(v.string(), "ISO 8601"),
  node: v.string(),
  kind: v.string(),
  mutation: v.exactOptional(v.string()),
  why: v.string(),
});
/** One entry of the event log. */
export type LoggedEventInfo = Shape<typeof loggedEvent>;

const droppedUpTo = about(count, "Events up to this id are not kept any more");
/** What a stream says of events that are not kept any more. */
export const droppedEvents = v.object({ droppedUpTo });
/** A page of the event log. */
export const eventPage = v.object({
  events: about(v.array(loggedEvent), "The oldest first"),
  droppedUpTo: v.exactOptional(droppedUpTo),
  next: v.exactOptional(about(v.string(), "The cursor of the next page; absent at the end of the log")),
});
/** A page of the event log. */
export type EventPageInfo = Shape<typeof eventPage>;

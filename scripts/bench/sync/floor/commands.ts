import * as v from "valibot";
import { definePeerCommand } from "../peer_command.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const nothing = v.object({});

/** What a process of the floor can be asked to do. Each does only some of it. */
export const FLOOR = {
  /** Starts a bare aedes in the process. */
  listen: definePeerCommand("listen", nothing, v.object({ port: count })),
  /** Connects one subscriber, with QoS 1. */
  subscribe: definePeerCommand("subscribe", v.object({ url: v.string(), filter: v.string() }), nothing),
  /** Connects publishers. */
  connect: definePeerCommand(
    "connect",
    v.object({ url: v.string(), topics: v.string(), first: count, count }),
    nothing,
  ),
  /** Lets every publisher publish, with QoS 1, each message as soon as the broker has acknowledged the one before. */
  publish: definePeerCommand("publish", v.object({ messages: count, bytes: count }), nothing),
  /** Counts from zero again: what the subscriber receives, or the bare aedes where that is in the process. */
  reset: definePeerCommand("reset", nothing, nothing),
  /** Waits until this many messages have come. @returns Milliseconds from the first to the last. */
  received: definePeerCommand("received", v.object({ messages: count, limit: count }), v.object({ ms: v.number() })),
} as const;

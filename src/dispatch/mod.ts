/** Typed events that are delivered in phases, round by round, until a turn comes to rest. */
export * from "./dispatcher.ts";

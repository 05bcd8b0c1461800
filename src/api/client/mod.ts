/** The typed client of the HTTP API. Runs wherever there is `fetch`, in browsers too. */
export type { Server } from "./answers.ts";
export * from "./client.ts";
export * from "./failure.ts";
export { followEvents, type StreamNews } from "./follow.ts";

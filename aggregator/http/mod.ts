/** The HTTP interface of an aggregator (docs/reference/http.md). */
export { type AppOptions, createApp } from "./app.ts";
export { type HttpServer, serve, type Served } from "./serve.ts";
export { createRequestContext } from "./request_context.ts";

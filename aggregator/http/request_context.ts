import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { parseTraceparent } from "../../src/api/mod.ts";
import type { Clock } from "../../src/clock.ts";
import type { Log, LogFields } from "../../src/log.ts";

/** Ids that a client may give its requests. */
const ID = /^[\w.:-]{1,64}$/;

/** Says in log lines which request they belong to, however deep they are written. */
export interface RequestContext {
  /** Does something for a request. Its timers, which outlast it, do not belong to it. */
  run<T>(fields: LogFields, work: () => Promise<T>): Promise<T>;
  /** The fields of the request that is dealt with; undefined outside of one. */
  fields(): LogFields | undefined;
}

/** Creates a {@link RequestContext}. */
export function createRequestContext(): RequestContext {
  const storage = new AsyncLocalStorage<{ fields: LogFields | undefined }>();
  return {
    async run(fields, work) {
      const current: { fields: LogFields | undefined } = { fields };
      try {
        return await storage.run(current, work);
      } finally {
        current.fields = undefined;
      }
    },
    fields: () => storage.getStore()?.fields,
  };
}

/**
 * Gives each request an id: that of its `X-Request-Id`, if that is well-formed, otherwise a new one. The answer has it
 * too. Its log lines have it as `request`, and as `trace` the trace id of its `traceparent`.
 */
export function nameRequests(
  parts: { readonly context: RequestContext; readonly log: Log; readonly clock: Clock },
): MiddlewareHandler {
  const { context, log, clock } = parts;
  return async (c, next) => {
    const given = c.req.header("x-request-id");
    const request = given !== undefined && ID.test(given) ? given : randomUUID();
    const trace = parseTraceparent(c.req.header("traceparent"))?.trace;
    const began = clock.now();
    await context.run({ request, trace }, async () => {
      await next();
      log.debug("Answered a request", {
        ...{ method: c.req.method, path: c.req.path.slice(0, 200), status: c.res.status },
        ms: Math.round(clock.now() - began),
      });
    });
    c.header("x-request-id", request);
  };
}

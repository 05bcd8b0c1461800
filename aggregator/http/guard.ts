import type { Context, Next } from "hono";
import { isLoopback } from "./loopback.ts";
import { answerProblem } from "../../src/http/mod.ts";

/**
 * Refuses what a foreign web page makes a browser on this machine send: requests under another host's name (DNS
 * rebinding) or from another origin. Until there is authentication, whoever may send a request may do everything.
 */
export async function refuseForeign(c: Context, next: Next): Promise<Response | void> {
  const { hostname, host } = new URL(c.req.url);
  if (!isLoopback(hostname)) {
    return answerProblem({ kind: "forbidden", detail: `Cannot answer as '${hostname}': only this machine may ask` });
  }
  const origin = c.req.header("origin");
  if (origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host)) {
    return answerProblem({
      kind: "forbidden",
      detail: `Cannot answer a page of '${origin.slice(0, 200)}': not of this host`,
    });
  }
  await next();
}

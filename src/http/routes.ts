import type { Context, Hono } from "hono";
import { answerProblem } from "./problem.ts";

/** Answers a request. */
export type Answerer = (c: Context) => Response | Promise<Response>;

/** What answers requests to one path, by method. HEAD is answered like GET, without the body. */
export type Methods = { readonly [method in "DELETE" | "GET" | "PATCH" | "POST" | "PUT"]?: Answerer };

/** Paths (with `:name` for a part that varies) to what answers them. */
export type Routes = { readonly [path: string]: Methods };

/** Adds routes to an app. Other methods on their paths are refused, and the answer lists those that there are. */
export function addRoutes(app: Hono, routes: Routes): void {
  for (const [path, methods] of Object.entries(routes)) {
    for (const [method, handler] of Object.entries(methods)) app.on(method, path, handler);
    app.all(path, refuseMethod(Object.keys(methods)));
  }
}

function refuseMethod(known: readonly string[]): Answerer {
  const allow = known.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]).join(", ");
  return (c) =>
    answerProblem({
      kind: "method-not-allowed",
      detail: `Cannot ${c.req.method} '${c.req.path.slice(0, 200)}': expected ${allow}`,
      headers: { allow },
    });
}

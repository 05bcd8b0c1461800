import type { Context } from "hono";
import { answerProblem, type Outcome } from "./problem.ts";
import type { Answerer } from "./routes.ts";

/**
 * Reads the query of a request before it is answered. A parameter that is not known is refused: `?dryrun=true` must not
 * be taken for no dry run. So is one that is given twice, of which one would not count, and an `If-Match` where nothing is
 * compared with it: whoever sends it would take the write for a conditional one.
 *
 * @param options `ifMatch`: the answer heeds that header.
 */
export function withQuery<K extends string>(
  known: readonly K[],
  answer: (c: Context, query: { readonly [name in K]?: string }) => Response | Promise<Response>,
  options: { readonly ifMatch?: boolean } = {},
): Answerer {
  return (c) => {
    const query = c.req.query();
    const problem = findFault(c, known) ?? (options.ifMatch === true ? undefined : refuseCondition(c));
    if (problem !== undefined) return answerProblem({ status: 400, detail: problem });
    return answer(c, query as { readonly [name in K]?: string }); // all are known
  };
}

function findFault(c: Context, known: readonly string[]): string | undefined {
  for (const [name, values] of Object.entries(c.req.queries())) {
    const shown = name.slice(0, 100);
    if (!known.includes(name)) {
      return `Parameter '${shown}' is unknown: expected ${known.length === 0 ? "none" : known.join(", ")}`;
    }
    if (values.length > 1) return `Parameter '${shown}' is given ${values.length} times: expected it once`;
  }
  return undefined;
}

function refuseCondition(c: Context): string | undefined {
  if (c.req.method === "GET" || c.req.method === "HEAD" || c.req.header("if-match") === undefined) return undefined;
  return "If-Match is not compared with anything here: expected it with a PATCH of /api/v1/nodes/{id}/cfg, a DELETE of " +
    "/api/v1/nodes/{id} or a POST of /api/v1/apply";
}

/** Reads a parameter that is true or false; false where it is absent. */
export function readFlag(name: string, text: string | undefined): Outcome<boolean> {
  if (text === undefined || text === "false") return { ok: true, value: false };
  if (text === "true") return { ok: true, value: true };
  return {
    ok: false,
    problem: { status: 400, detail: `Parameter '${name}' is '${text.slice(0, 100)}': expected true or false` },
  };
}

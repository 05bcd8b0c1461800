import type { Context } from "hono";
import { answerProblem, type Outcome } from "./problem.ts";
import type { Answerer } from "./routes.ts";

/**
 * Reads the query of a request before it is answered. A parameter that is not known is refused: `?dryrun=true` must not
 * be taken for no dry run.
 */
export function withQuery<K extends string>(
  known: readonly K[],
  answer: (c: Context, query: { readonly [name in K]?: string }) => Response | Promise<Response>,
): Answerer {
  return (c) => {
    const query = c.req.query();
    const unknown = Object.keys(query).find((name) => !known.some((other) => other === name));
    if (unknown === undefined) return answer(c, query as { readonly [name in K]?: string }); // all are known
    const expected = known.length === 0 ? "none" : known.join(", ");
    return answerProblem({
      status: 400,
      detail: `Parameter '${unknown.slice(0, 100)}' is unknown: expected ${expected}`,
    });
  };
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

import type { Context } from "hono";
import { answerProblem } from "./problem.ts";
import type { Answerer } from "./routes.ts";

/**
 * Reads the query of a request before it is answered. A parameter that is not known is refused, and so is one that is given
 * twice, of which one would not count.
 */
export function withQuery<K extends string>(
  known: readonly K[],
  answer: (c: Context, query: { readonly [name in K]?: string }) => Response | Promise<Response>,
): Answerer {
  return (c) => {
    const problem = findStray(c.req.queries(), (name) => known.some((each) => each === name), known);
    if (problem !== undefined) return answerProblem({ kind: "malformed", detail: problem.detail, errors: [problem] });
    const query = c.req.query();
    return answer(c, query as { readonly [name in K]?: string }); // all are known
  };
}

/** Finds a parameter that is not known, or that is given twice. @param names Those that are, for the message. */
export function findStray(
  queries: { readonly [name: string]: readonly string[] },
  isKnown: (name: string) => boolean,
  names: readonly string[],
): { readonly detail: string; readonly parameter: string } | undefined {
  for (const [name, values] of Object.entries(queries)) {
    const parameter = name.slice(0, 100);
    if (!isKnown(name)) {
      const expected = names.length === 0 ? "none" : names.join(", ");
      return { detail: `Parameter '${parameter}' is unknown: expected ${expected}`, parameter };
    }
    if (values.length > 1) {
      return { detail: `Parameter '${parameter}' is given ${values.length} times: expected it once`, parameter };
    }
  }
  return undefined;
}

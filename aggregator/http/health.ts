import type { Control } from "../control/control.ts";
import { answerProblem, type Routes } from "../../src/http/mod.ts";

/** `/healthz` and `/readyz` for whatever watches this program, and a pointer for people who open its address. */
export function healthRoutes(control: Control, version: string): Routes {
  const { cluster, name } = control;
  return {
    "/": {
      GET: (c) =>
        c.text(
          `Kraken ${version}, aggregator '${name}' of cluster '${cluster}': see /api/v1/nodes, docs/reference/http.md\n`,
        ),
    },
    "/healthz": { GET: (c) => c.json({ status: "ok", cluster, name, version, ...troubled(control.troubles()) }) },
    "/readyz": {
      GET(c) {
        const errors = control.troubles();
        const [detail] = errors;
        if (detail !== undefined) return answerProblem({ status: 503, detail, errors });
        return c.json({ status: "ready", cluster, name, version });
      },
    },
  };
}

function troubled(troubles: readonly string[]): { readonly troubles?: readonly string[] } {
  return troubles.length === 0 ? {} : { troubles };
}

import type { Control } from "../control.ts";
import type { Routes } from "./routes.ts";

/** `/healthz` for whatever watches this program, and a pointer for people who open its address. */
export function healthRoutes(control: Control, version: string): Routes {
  const { cluster, name } = control;
  return {
    "/": {
      GET: (c) =>
        c.text(`Kraken ${version}, aggregator '${name}' of cluster '${cluster}': see /api/v1/nodes, docs/http.md\n`),
    },
    "/healthz": { GET: (c) => c.json({ status: "ok", cluster, name, version }) },
  };
}

import type { Control } from "../control/control.ts";
import { type Routes, withQuery } from "../../src/http/mod.ts";

/** `/api/v1/tree`: the aggregators from here down, and how the nodes below each are. */
export function treeRoutes(control: Control): Routes {
  return { "/api/v1/tree": { GET: withQuery([], (c) => c.json({ aggregators: control.tree() })) } };
}

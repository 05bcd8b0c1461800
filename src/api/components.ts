import type * as v from "valibot";
import * as schemas from "./schemas/mod.ts";

const NAMED = ["object", "strict_object", "object_with_rest", "variant"];

/** The resources and bodies that have a name of their own in the documents: all objects that `src/api/schemas` exports. */
export const components: { readonly [name: string]: v.GenericSchema } = Object.fromEntries(
  Object.entries(schemas).flatMap(([name, value]: [string, unknown]): [string, v.GenericSchema][] =>
    isSchema(value) && NAMED.includes(value.type) ? [[name.charAt(0).toUpperCase() + name.slice(1), value]] : []
  ),
);

function isSchema(value: unknown): value is v.GenericSchema {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "schema";
}

import { type ConversionConfig, type JsonSchema, toJsonSchema, toJsonSchemaDefs } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { components } from "./components.ts";

const CONFIG: ConversionConfig = {
  target: "draft-2020-12",
  definitions: components,
  ignoreActions: ["check"], // what a check says is in the words of the schema
  // A tuple has so many items and no more.
  overrideSchema: ({ valibotSchema, jsonSchema }) =>
    valibotSchema.type === "tuple" ? { ...jsonSchema, items: { not: {} } } : undefined,
  overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
};

/** The JSON Schema (draft 2020-12) of a schema. What has a name of its own is referred to. */
export function jsonSchemaOf(schema: v.GenericSchema): JsonSchema {
  const { $defs: _, $schema: _dialect, ...rest } = toJsonSchema(schema, CONFIG);
  return rest;
}

/** The JSON Schemas of all that has a name of its own and is referred to, from something or from another one that is. */
export function componentSchemas(from: unknown): { readonly [name: string]: JsonSchema } {
  const all: { readonly [name: string]: JsonSchema } = toJsonSchemaDefs(components, CONFIG);
  const found = new Set<string>();
  function follow(value: unknown): void {
    for (const [, name = ""] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (found.has(name)) continue;
      found.add(name);
      follow(all[name]);
    }
  }
  follow(from);
  return Object.fromEntries(Object.entries(all).filter(([name]) => found.has(name)));
}

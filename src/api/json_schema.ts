import { type ConversionConfig, type JsonSchema, toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { components } from "./components.ts";

const names = new Map<unknown, string>(Object.entries(components).map(([name, schema]) => [schema, name]));
/** The schemas that were converted before: documents name them again and again. */
const converted = new WeakMap<v.GenericSchema, JsonSchema>();

/**
 * Converts a schema to JSON Schema (draft 2020-12). Schemas that have a name of their own become references.
 *
 * @param schema The schema.
 * @returns A reference if the schema itself has a name.
 */
export function jsonSchemaOf(schema: v.GenericSchema): JsonSchema {
  const name = names.get(schema);
  return name === undefined ? convert(schema) : { $ref: `#/components/schemas/${name}` };
}

function convert(schema: v.GenericSchema): JsonSchema {
  const known = converted.get(schema);
  if (known !== undefined) return known;
  const config: ConversionConfig = {
    target: "draft-2020-12",
    ignoreActions: ["check"], // what a check says is in the words of the schema
    overrideSchema({ valibotSchema, jsonSchema }) {
      const name = valibotSchema === schema ? undefined : names.get(valibotSchema);
      if (name !== undefined) return { $ref: `#/components/schemas/${name}` };
      // A tuple has so many items and no more.
      return valibotSchema.type === "tuple" ? { ...jsonSchema, items: { not: {} } } : undefined;
    },
  };
  const { $schema: _, ...json } = toJsonSchema(schema, config);
  converted.set(schema, json);
  return json;
}

/**
 * Converts the named schemas that something refers to, directly or through each other.
 *
 * @param from What refers to them: any JSON with references.
 */
export function componentSchemas(from: unknown): { readonly [name: string]: JsonSchema } {
  const found = new Map<string, JsonSchema>();
  function follow(value: unknown): void {
    for (const [, name = ""] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      const schema = components[name];
      if (found.has(name) || schema === undefined) continue;
      found.set(name, convert(schema));
      follow(found.get(name));
    }
  }
  follow(from);
  return Object.fromEntries([...found].sort(([a], [b]) => a < b ? -1 : 1));
}

import { componentSchemas } from "../../src/api/json_schema.ts";
import { openApi } from "../../src/api/openapi.ts";
import { isRecord } from "../../src/state/mod.ts";
import { fc } from "../support/property.ts";

const named = componentSchemas(openApi("1"));

/** Any JSON, small. */
export const anyJson: fc.Arbitrary<unknown> = fc.jsonValue({ maxDepth: 2, depthSize: "small" });
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom("", "n1", "__proto__", "../..", "\u0000", "%", "ä".repeat(5)),
);

/**
 * Values that a JSON Schema allows, of those keywords that the API's schemas have.
 *
 * @throws {Error} When it has one that is not known here: its values would not be what it says.
 */
export function arbitraryOf(schema: unknown): fc.Arbitrary<unknown> {
  if (!isRecord(schema)) return anyJson;
  const { $ref, type, anyOf, oneOf } = schema;
  if (typeof $ref === "string") return arbitraryOf(named[$ref.slice($ref.lastIndexOf("/") + 1)]);
  if ("const" in schema) return fc.constant(schema["const"]);
  if (Array.isArray(schema["enum"])) return fc.constantFrom<unknown>(...schema["enum"]);
  const kinds = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : undefined;
  if (kinds !== undefined) return fc.oneof(...kinds.map(arbitraryOf));
  switch (type) {
    case "string":
      return stringOf(schema);
    case "integer":
    case "number":
      return fc.integer({ min: numberOf(schema["minimum"], -1000), max: numberOf(schema["maximum"], 1000) });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "array":
      return fc.array(arbitraryOf(schema["items"]), { maxLength: 3 });
    case "object":
      return objectOf(schema);
    case undefined:
      return anyJson;
    default:
      throw new Error(`Cannot make values of the type ${JSON.stringify(type)}`);
  }
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

function stringOf({ pattern, maxLength }: { readonly [key: string]: unknown }): fc.Arbitrary<string> {
  const most = numberOf(maxLength, 40);
  const made = typeof pattern === "string" ? fc.stringMatching(new RegExp(pattern)) : text;
  return made.filter(({ length }) => length <= most);
}

function objectOf(
  { properties, required, additionalProperties, patternProperties }: { readonly [key: string]: unknown },
): fc.Arbitrary<unknown> {
  if (isRecord(patternProperties)) throw new Error("Cannot make values of pattern properties");
  const entries = Object.entries(isRecord(properties) ? properties : {});
  const needed = Array.isArray(required) ? required : [];
  const isOpen = additionalProperties !== false && additionalProperties !== undefined;
  const fixed = fc.record(Object.fromEntries(entries.map(([name, each]) => [name, arbitraryOf(each)])), {
    requiredKeys: entries.map(([name]) => name).filter((name) => needed.includes(name)),
    noNullPrototype: true,
  });
  if (!isOpen) return fixed;
  const more = fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), arbitraryOf(additionalProperties), {
    ...{ maxKeys: 3, noNullPrototype: true },
  });
  return fc.tuple(more, fixed).map(([a, b]) => ({ ...a, ...b }));
}

import type { Variable } from "./extension.ts";
import type { VariableType } from "./variable_type.ts";

/**
 * Splits the text of a variable into its parts: see `Variable.about`.
 *
 * @returns `unit` and `normal`, the default, are empty where the text has none.
 *
 * @example Meaning and unit
 * ```ts
 * import assert from "node:assert/strict";
 * import { readAbout } from "../src/state/mod.ts";
 *
 * const uptime = { type: { kind: "integer" }, writer: "self", about: "Time since boot, in seconds" } as const;
 * assert.deepEqual(readAbout(uptime), { meaning: "Time since boot", unit: "seconds", normal: "" });
 * ```
 */
export function readAbout(
  { about, type }: Pick<Variable, "about" | "type">,
): { readonly meaning: string; readonly unit: string; readonly normal: string } {
  const [text = "", normal = ""] = about.split(". Default: ");
  const [, meaning = text, unit = ""] = (type.kind === "integer" ? /^(.*), in ([\w ]+)$/.exec(text) : null) ?? [];
  return { meaning, unit, normal };
}

/**
 * Describes a type for people, in one line.
 *
 * @param type The type.
 * @param value How a value of an enumeration is written, such as between quotes.
 * @returns Text such as `text ≤ 64`, `integer 1-10` or `{ name: text; port?: integer }`.
 */
export function typeText(type: VariableType, value: (text: string) => string = (text) => text): string {
  switch (type.kind) {
    case "enum":
      return type.values.map(value).join(", ");
    case "string":
      return type.maxLength === undefined ? "text" : `text ≤ ${type.maxLength}`;
    case "integer":
      return `integer${bounds(type.min, type.max)}`;
    case "boolean":
      return "boolean";
    case "list":
      return `list${type.maxItems === undefined ? "" : ` ≤ ${type.maxItems}`} of ${typeText(type.items, value)}`;
    case "record":
      return `object of ${typeText(type.values, value)}`;
    case "object":
      return `{ ${
        Object.entries(type.fields).map(([name, field]) =>
          `${name}${type.optional?.includes(name) === true ? "?" : ""}: ${typeText(field, value)}`
        ).join("; ")
      } }`;
    case "either":
      return type.of.map((each) => typeText(each, value)).join(" or ");
    default:
      return type satisfies never;
  }
}

function bounds(min: number | undefined, max: number | undefined): string {
  if (min === undefined && max === undefined) return "";
  return max === undefined ? ` ≥ ${min}` : ` ${min ?? "..."} to ${max}`;
}

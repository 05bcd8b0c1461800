import { components } from "../../src/api/components.ts";
import { jsonSchemaOf } from "../../src/api/json_schema.ts";
import { type Operation, type Parameter, PROBLEMS } from "../../src/api/mod.ts";
import {
  allOperations,
  ANSWERED_BY,
  groupsOf,
  headersOf,
  type NamedOperation,
  namedSchemas,
} from "../../src/api/openapi.ts";
import { problemStatuses } from "../../src/api/problems.ts";
import { isRecord } from "../../src/state/mod.ts";
import { markdownTable } from "./generated.ts";

/** Describes the operations, the resources and the problems of the HTTP API, as Markdown. */
export function describeHttp(): string {
  const all = allOperations();
  const groups = groupsOf(all.filter(({ form }) => form === undefined));
  return [
    "## Operations",
    "",
    ...[...groups].flatMap((
      [name, operations],
    ) => [`### ${name}`, "", ...overview(operations), ...operations.flatMap((each) => details(each, all))]),
    "## Resources",
    "",
    "Fields that are marked `?` are absent where there is nothing to say.",
    "",
    ...Object.entries(namedSchemas()).flatMap(([name, schema]) => resource(name, schema)),
    "## Kinds of problems",
    "",
    ...markdownTable(
      ["type", "status", "when"],
      Object.entries(PROBLEMS).map(([kind, { status, words }]) => [`\`/problems/${kind}\``, String(status), words]),
    ),
    "",
  ].join("\n");
}

function overview(operations: readonly NamedOperation[]): string[] {
  const rows = operations.map(({ operation: { method, path, summary } }) => [method, `\`${path}\``, summary]);
  return [...markdownTable(["method", "path", "what it does"], rows), ""];
}

function details({ id, operation }: NamedOperation, all: readonly NamedOperation[]): string[] {
  const form = all.find((each) => each.form === id)?.operation;
  const { method, path, description, role, answeredBy, body, answers, examples } = operation;
  const parameters = [
    ...rowsOf("path", operation.parameters.path ?? {}),
    ...rowsOf("query", operation.parameters.query ?? {}),
    ...Object.entries(headersOf(operation)).map(([name, about]) => [`\`${name}\``, "header", "", about]),
  ];
  const accepted = body === undefined
    ? []
    : [`Body: ${lower(body.about)}, ${bodyText(operation)}${body.optional === true ? "; may be left out" : ""}.`, ""];
  const answered = Object.entries(answers).map(([status, { about, schema, types = [] }]) => {
    const what = [
      ...schema === undefined ? [] : [typeText(jsonSchemaOf(schema))],
      ...types.map((type) => `\`${type}\``),
    ];
    return `${status}: ${lower(about)}, ${what.join(" or ")}`;
  });
  const refusals = [...problemStatuses(operation)].flatMap(([status, kinds]) =>
    kinds.map((kind) => `${status} ${kind}`)
  );
  return [
    `#### \`${method} ${path}\``,
    "",
    ...(description === undefined ? [] : [description, ""]),
    `\`${id}\`; answered by ${ANSWERED_BY[answeredBy]}; role ${role}.`,
    "",
    ...(parameters.length === 0 ? [] : [...markdownTable(["parameter", "in", "type", "meaning"], parameters), ""]),
    ...accepted,
    ...(form === undefined ? [] : [`With the nodeset in the body: \`POST ${form.path}\`, ${bodyText(form)}.`, ""]),
    ...(examples?.request === undefined ? [] : ["```json", JSON.stringify(examples.request), "```", ""]),
    `Answers ${answered.join("; ")}. Problems: ${refusals.join(", ")}.`,
    "",
  ];
}

function bodyText({ body }: Operation): string {
  return body === undefined ? "no body" : typeText(jsonSchemaOf(body.schema));
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function rowsOf(place: string, parameters: { readonly [name: string]: Parameter }): string[][] {
  return Object.entries(parameters).map(([name, { kind, schema, about, required, default: given }]) => {
    const type = kind === "states" ? "text" : typeText(jsonSchemaOf(schema));
    const more = required === true ? ", required" : given === undefined ? "" : `, default \`${given}\``;
    return [`\`${kind === "states" ? "state./URL" : name}\``, place, `${type}${more}`, about];
  });
}

/** The fields of a resource, or of each of its kinds. */
function resource(name: string, schema: unknown): string[] {
  if (!isRecord(schema)) return [];
  const variants = Array.isArray(schema["oneOf"])
    ? schema["oneOf"]
    : Array.isArray(schema["anyOf"])
    ? schema["anyOf"]
    : [schema];
  const rows = variants.flatMap((variant) => isRecord(variant) ? fieldsOf(variant) : []);
  return [`### ${name}`, "", ...markdownTable(["field", "type", "meaning"], rows), ""];
}

function fieldsOf(schema: { readonly [key: string]: unknown }): string[][] {
  const { properties, required } = schema;
  if (!isRecord(properties)) return [];
  const needed = Array.isArray(required) ? required : [];
  return Object.entries(properties).map(([name, property]) => {
    const about = isRecord(property) && typeof property["description"] === "string" ? property["description"] : "";
    return [`\`${name}\`${needed.includes(name) ? "" : " ?"}`, typeText(property), about];
  });
}

/** The type of a JSON Schema in a few words. */
function typeText(schema: unknown): string {
  if (!isRecord(schema)) return "any JSON";
  const { $ref, type, items, format, properties } = schema;
  if (typeof $ref === "string") {
    const name = $ref.slice($ref.lastIndexOf("/") + 1);
    return Object.hasOwn(components, name) ? `[${name}](#${name.toLowerCase()})` : name;
  }
  const { const: only, enum: some, anyOf, oneOf } = schema;
  if (only !== undefined) return `\`${JSON.stringify(only)}\``;
  if (Array.isArray(some)) return some.map((each) => `\`${each}\``).join(", ");
  const kinds = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : undefined;
  if (kinds !== undefined) return kinds.map(typeText).join(" or ");
  if (type === "array") {
    return isRecord(items) && items["not"] === undefined ? `list of ${typeText(items)}` : "from, to";
  }
  if (type === "string") return format === "date-time" ? "time" : typeof format === "string" ? format : "text";
  if (type === "object" && isRecord(properties)) {
    return `object with ${Object.keys(properties).map((key) => `\`${key}\``).join(", ")}`;
  }
  return type === "object" ? "object" : typeof type === "string" ? rangeText(type, schema) : "any JSON";
}

function rangeText(type: string, { minimum, maximum }: { readonly [key: string]: unknown }): string {
  return typeof maximum === "number" ? `${type} from ${minimum} to ${maximum}` : type;
}

import type { Operation, Parameter } from "./operation.ts";
import { operationIds, operations } from "./operations/mod.ts";
import { componentSchemas, jsonSchemaOf } from "./json_schema.ts";
import { problemStatuses } from "./problems.ts";
import { PROBLEMS } from "./schemas/problem.ts";
import { selectionForm } from "./selection.ts";

type Json = { readonly [key: string]: unknown };

/** An operation with the name that it has in documents. */
export interface NamedOperation {
  readonly id: string;
  /** The id of the operation that this is a form of, with the nodeset in the body. */
  readonly form?: string;
  readonly operation: Operation;
}

/** Returns every operation and its form with the nodeset in the body, in the order of the table. */
export function allOperations(): NamedOperation[] {
  return operationIds.flatMap((id): NamedOperation[] => {
    const operation: Operation = operations[id];
    const form = selectionForm(operation);
    return [{ id, operation }, ...(form === undefined ? [] : [{ id: `${id}OfSelection`, form: id, operation: form }])];
  });
}

/**
 * Groups operations under their headings, in the order of the table.
 *
 * @param all The operations.
 */
export function groupsOf(all: readonly NamedOperation[]): Map<string, NamedOperation[]> {
  const groups = new Map<string, NamedOperation[]>();
  for (const each of all) groups.set(each.operation.group, [...groups.get(each.operation.group) ?? [], each]);
  return groups;
}

/** Words about who answers an operation. */
export const ANSWERED_BY = {
  any: "the aggregator that is asked",
  root: "the root",
  server: "the aggregator that serves the node",
} as const satisfies { readonly [who in Operation["answeredBy"]]: string };

/**
 * Returns the headers that an operation takes, with their meaning.
 *
 * @param operation The operation.
 */
export function headersOf(operation: Operation): { readonly [name: string]: string } {
  const { conditional, changes, method, answers, parameters } = operation;
  const isTagged = method === "GET" && Object.values(answers).some(({ etag }) => etag !== undefined);
  return {
    ...(isTagged && { "If-None-Match": "The ETag of a previous answer: 304 if nothing has changed" }),
    ...(conditional !== undefined &&
      { "If-Match": `Make the change only if this is the ETag of ${conditional}; \`*\` matches any` }),
    ...(changes && method === "POST" &&
      {
        "Idempotency-Key":
          "Repeated requests with the same key are carried out once; the answer is kept for 10 minutes",
      }),
    ...(changes &&
      {
        Prefer:
          "`respond-async`: if the change takes longer than a second (or `wait=SECONDS`), answer 202 with an operation to follow",
      }),
    ...Object.fromEntries(Object.entries(parameters.header ?? {}).map(([name, { about }]) => [name, about])),
  };
}

/** Returns the JSON Schemas that have names in the document. */
export function namedSchemas(): ReturnType<typeof componentSchemas> {
  return componentSchemas(allOperations().map(({ id, operation }) => describe(id, operation)));
}

/**
 * Creates the OpenAPI 3.1 document of the API.
 *
 * @param version The version of Kraken.
 */
export function openApi(version: string): Json {
  const all = allOperations();
  const paths: { [path: string]: { [method: string]: Json } } = {};
  for (const { id, operation } of all) {
    const { method, path } = operation;
    paths[path] = { ...paths[path], [method.toLowerCase()]: describe(id, operation) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Kraken",
      version,
      description: "What an aggregator of Kraken can be asked. `docs/reference/http.md` explains the conventions.",
      contact: { name: "The Kraken project" },
      license: { name: "BSD 3-Clause", url: "https://opensource.org/license/bsd-3-clause" },
    },
    servers: [{ url: "/", description: "The aggregator that has this document" }],
    tags: [...groupsOf(all).keys()].map((name) => ({ name, description: `${name}.` })),
    paths,
    components: { schemas: componentSchemas(paths) },
  };
}

function describe(id: string, operation: Operation): Json {
  const { group, summary, description, answeredBy, role, body, examples } = operation;
  const whose = `Answered by ${ANSWERED_BY[answeredBy]}. Needs the role ${role}.`;
  return {
    operationId: id,
    tags: [group],
    summary,
    description: description === undefined ? whose : `${description}\n\n${whose}`,
    parameters: [
      ...parametersOf("path", operation.parameters.path ?? {}),
      ...parametersOf("query", operation.parameters.query ?? {}),
      ...Object.entries(headersOf(operation)).map(([name, about]) => ({
        ...{ name, in: "header", description: about, schema: { type: "string" } },
      })),
    ],
    ...(body !== undefined && {
      requestBody: {
        description: body.about,
        required: body.optional !== true,
        content: Object.fromEntries(body.types.map((type) => [type, {
          schema: jsonSchemaOf(body.schema),
          ...(examples?.request !== undefined && { example: examples.request }),
        }])),
      },
    }),
    responses: { ...answersOf(operation), ...refusalsOf(operation) },
    "x-kraken-role": role,
    "x-kraken-answered-by": answeredBy,
  };
}

function parametersOf(place: string, parameters: { readonly [name: string]: Parameter }): Json[] {
  return Object.entries(parameters).map(([name, { kind, schema, about, required, default: given }]) => {
    const json = { ...jsonSchemaOf(schema), ...(given !== undefined && { default: given }) };
    return {
      ...{ name, in: place, description: about, required: required === true },
      // Each of its properties is a parameter of its own.
      ...(kind === "states"
        ? {
          ...{ style: "form", explode: true },
          schema: { type: "object", patternProperties: { "^state\\./": { type: "string" } } },
        }
        : { schema: json }),
    };
  });
}

function answersOf({ answers, method, examples, changes }: Operation): Json {
  const found = Object.entries(answers).map(([status, { about, schema, types = [], etag }]) => {
    const content = {
      ...(schema !== undefined && {
        "application/json": {
          schema: jsonSchemaOf(schema),
          ...(examples?.answer !== undefined && { example: examples.answer }),
        },
      }),
      ...Object.fromEntries(types.map((type) => [type, { schema: { type: "string" } }])),
    };
    const headers = etag === undefined ? {} : { headers: { ETag: tagHeader(etag) } };
    return [status, { description: about, ...headers, content }];
  });
  const isTagged = method === "GET" && Object.values(answers).some(({ etag }) => etag !== undefined);
  const later = {
    202: {
      description: "The change continues: `Location` is the operation to follow. Only with `Prefer: respond-async`",
      headers: { Location: { description: "The operation", schema: { type: "string" } } },
      content: { "application/json": { schema: { $ref: "#/components/schemas/LongOperation" } } },
    },
  };
  return {
    ...Object.fromEntries(found),
    ...(changes && later),
    ...(isTagged && { 304: { description: "Not modified" } }),
  };
}

function tagHeader(of: string): Json {
  return { description: `Changes with ${of}`, schema: { type: "string" } };
}

function refusalsOf(operation: Operation): Json {
  return Object.fromEntries([...problemStatuses(operation)].map(([status, kinds]) => {
    const words = kinds.map((kind) => `\`/problems/${kind}\`: ${PROBLEMS[kind].words}`).join("\n\n");
    const headers = {
      ...(status === 307 && { Location: { description: "Where to ask instead", schema: { type: "string" } } }),
      ...(status === 412 && { ETag: tagHeader("what was to be changed") }),
    };
    return [status, {
      description: words,
      ...(Object.keys(headers).length > 0 && { headers }),
      content: { "application/problem+json": { schema: { $ref: "#/components/schemas/ProblemDetails" } } },
    }];
  }));
}

import type { Operation, Parameter } from "../operation.ts";
import { isLong, selectionForm } from "../selection.ts";

/** What is given to an operation: parameters by name, and `body`. */
export type Given = { readonly [name: string]: unknown };

/** A request that asks for an operation. */
export interface Asking {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** JSON. */
  readonly body?: string;
  readonly type?: string;
}

/**
 * Makes the request of an operation. A nodeset that is too long for a URL goes into the body.
 *
 * @param operation The operation.
 * @param given Its parameters by name, and `body`.
 */
export function askingFor(operation: Operation, given: Given): Asking {
  const form = needsForm(operation, given) ? selectionForm(operation) : undefined;
  const { method, path, parameters, body } = form ?? operation;
  const query = Object.entries(parameters.query ?? {}).flatMap(([name, parameter]) =>
    queryOf(name, parameter, given[name])
  );
  const sent = form === undefined ? given["body"] : {
    ...extrasOf(operation, given),
    nodeset: given["nodeset"],
    ...(operation.body !== undefined && { patch: given["body"] }),
  };
  return {
    method,
    path: path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(given[name]))) +
      (query.length === 0 ? "" : `?${new URLSearchParams(query)}`),
    ...(body !== undefined && sent !== undefined &&
      { body: JSON.stringify(sent), type: body.types[0] ?? "application/json" }),
  };
}

function needsForm(operation: Operation, given: Given): boolean {
  const { nodeset } = given;
  if (operation.selection === undefined || typeof nodeset !== "string") return false;
  return isLong(nodeset) || Object.keys(extrasOf(operation, given)).length > 0;
}

function extrasOf({ selection }: Operation, given: Given): Given {
  const extras = Object.keys(selection?.extras ?? {}).map((name): [string, unknown] => [name, given[name]]);
  return Object.fromEntries(extras.filter(([, value]) => value !== undefined));
}

function queryOf(name: string, parameter: Parameter, value: unknown): [string, string][] {
  if (value === undefined || value === false) return []; // no flag is on where it is absent
  if (parameter.kind !== "states") return [[name, String(value)]];
  return typeof value === "object" && value !== null
    ? Object.entries(value).map(([url, text]): [string, string] => [`state.${url}`, String(text)])
    : [];
}

import * as v from "valibot";
import type { Operation } from "./operation.ts";
import { JSON_TYPES, MAX_SELECTION } from "./parameters.ts";
import { nodeset } from "./schemas/common.ts";

/** The longest nodeset that is put into a URL, in characters as they are sent: servers take some kilobytes of it only. */
const MAX_IN_URL = 2_000;

/**
 * Tells whether a nodeset is too long for a URL.
 *
 * @param text The nodeset.
 */
export function isLong(text: string): boolean {
  return encodeURIComponent(text).length > MAX_IN_URL;
}

/**
 * Derives the form of an operation that takes its nodeset in the body: a POST below `/api/v1/selection`. What would be the body
 * otherwise is `patch` there.
 *
 * @param operation The operation.
 * @returns Undefined for an operation without such a form.
 */
export function selectionForm(operation: Operation): Operation | undefined {
  const { selection, parameters, body } = operation;
  if (selection === undefined) return undefined;
  const { nodeset: _, ...query } = parameters.query ?? {};
  const entries: v.ObjectEntries = {
    nodeset,
    ...(body !== undefined && { patch: body.schema }),
    ...selection.extras,
  };
  const names = Object.keys(entries).join(", ");
  return {
    ...operation,
    method: "POST",
    path: `/api/v1/selection/${selection.path}`,
    summary: `${operation.summary}: with the nodeset in the body`,
    description:
      `As \`${operation.method} ${operation.path}\`, for nodesets that are too long for a URL, with up to 200,000 names.`,
    parameters: { ...parameters, query },
    body: {
      schema: v.strictObject(entries, `an object with ${names}`),
      about: body === undefined ? "The nodeset" : "The nodeset, and the patch",
      types: JSON_TYPES,
      limit: MAX_SELECTION,
    },
    examples: {
      request: {
        nodeset: "n[1-1500]-ib0",
        ...(body !== undefined && { patch: operation.examples?.request ?? {} }),
      },
    },
  };
}

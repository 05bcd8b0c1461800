/** Parameters that several operations have. */
import * as v from "valibot";
import type { Parameter } from "./operation.ts";
import { nodeset, PHASES } from "./schemas/common.ts";

const JSON_TYPE = "application/json";
const MERGE_PATCH = "application/merge-patch+json";

/** JSON. */
export const JSON_TYPES = [JSON_TYPE];
/** A JSON Merge Patch (RFC 7396), or JSON. */
export const PATCH_TYPES = [MERGE_PATCH, JSON_TYPE];
/** The longest body with a nodeset, in bytes: one of 4 MiB, and what is asked beside it. */
export const MAX_SELECTION = 8 * 1024 * 1024;
/** The longest inventory, in bytes: 100,000 nodes of a few hundred bytes each. */
export const MAX_INVENTORY = 64 * 1024 * 1024;

/** A text of at most so many characters. */
function text(most: number) {
  return v.pipe(v.string(), v.maxLength(most, `at most ${most} characters`));
}

/** A whole number in a range. */
function whole(least: number, most: number) {
  const expected = `a whole number from ${least} to ${most}`;
  return v.pipe(v.number(expected), v.integer(expected), v.minValue(least, expected), v.maxValue(most, expected));
}

/**
 * Declares a parameter that is a whole number.
 *
 * @param range The smallest and the largest number, the default, and the description.
 */
export function wholeParameter<const D extends number>(
  { least, most, default: given, about }: {
    readonly least: number;
    readonly most: number;
    readonly default: D;
    readonly about: string;
  },
) {
  return { kind: "whole", schema: whole(least, most), default: given, about } as const satisfies Parameter;
}

/** The node that a path names. */
export const nodeInPath = {
  id: { kind: "text", schema: text(300), about: "The node's name or id", required: true },
} as const;

/** The nodes that an operation is about, where it may be about all. */
export const someNodes = {
  nodeset: { kind: "text", schema: nodeset, about: "Only these nodes; default: all" },
} as const;
/** The nodes that an operation is about, where that has to be said. */
export const theseNodes = {
  nodeset: { kind: "text", schema: nodeset, about: "The nodes, such as `n[1-8]`", required: true },
} as const;

/** Nothing is changed. */
export const dryRun = {
  dryRun: {
    kind: "flag",
    schema: v.boolean(),
    about: "Return the changes and plans without making the change",
    default: false,
  },
} as const;
/** How much is told of a change of many nodes. */
export const detail = {
  detail: {
    kind: "text",
    schema: v.picklist(["nodes", "groups"], "nodes or groups"),
    about: "`groups`: leave out the single nodes",
    default: "nodes",
  },
} as const;

/** Parameters of every list. */
export const listParameters = {
  limit: {
    kind: "whole",
    schema: whole(1, 100_000),
    about: "Largest number of entries in a page; default: all entries",
  },
  cursor: { kind: "text", schema: text(1000), about: "`next` of the previous page" },
  sort: {
    kind: "text",
    schema: text(300),
    about: "Fields to sort by, `-` for descending order: `phase,-name`. Numbers in names sort by value",
  },
  fields: { kind: "text", schema: text(300), about: "Only these fields of each entry, such as `name,phase`" },
} as const;

/** Filters of nodes. */
export const nodeFilters = {
  phase: {
    kind: "text",
    schema: text(200),
    about: `Only nodes in these phases, separated by commas: ${PHASES.join(", ")}`,
  },
  state: {
    kind: "states",
    schema: v.record(v.pipe(v.string(), v.regex(/^\/[^?#]+$/, "a state URL such as /runState")), text(300)),
    about:
      "Only nodes whose known state has this value, such as `state./runState=ERROR`. All such parameters must match; " +
      "several values, separated by commas, are alternatives",
  },
  text: {
    kind: "text",
    schema: text(200),
    about: "Only nodes that have this text in a field of the list; case is ignored",
  },
} as const;

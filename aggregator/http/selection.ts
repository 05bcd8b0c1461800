import type { Context } from "hono";
import { isRecord } from "../../src/state/mod.ts";
import type { Control } from "../control/control.ts";
import type { NodeDetail } from "../control/detail.ts";
import { JSON_TYPES, type Outcome, readJson } from "../../src/http/mod.ts";
import { findNodes } from "./lookup.ts";

/** The longest body with a nodeset, in bytes: one of 4 MiB, and what is asked beside it. */
export const MAX_SELECTION = 8 * 1024 * 1024;

/** What a body with a nodeset asks for. */
export interface Selected {
  readonly nodeset: string;
  /** The other keys that it has, of those that it may have. */
  readonly rest: { readonly [key: string]: unknown };
}

/** Reads `{"nodeset": "n[1-8]", ...}`: the form of a request for selections that are too long for a URL. */
export async function readSelected(c: Context, more: readonly string[] = []): Promise<Outcome<Selected>> {
  const body = await readJson(c, { types: JSON_TYPES, limit: MAX_SELECTION });
  if (!body.ok) return body;
  const { nodeset, ...rest } = isRecord(body.value) ? body.value : { wrong: body.value };
  const unknown = Object.keys(rest).find((key) => !more.includes(key));
  if (typeof nodeset === "string" && unknown === undefined) return { ok: true, value: { nodeset, rest } };
  const detail = `The body is something else: expected an object with ${["nodeset", ...more].join(", ")}`;
  return { ok: false, problem: { status: 422, detail } };
}

/** Reads such a body and finds its nodes: all of them, or none. */
export async function findSelected(
  c: Context,
  control: Control,
  more: readonly string[] = [],
): Promise<Outcome<{ readonly nodes: NodeDetail[]; readonly rest: Selected["rest"] }>> {
  const read = await readSelected(c, more);
  if (!read.ok) return read;
  const nodes = findNodes(control, read.value.nodeset);
  return nodes.ok ? { ok: true, value: { nodes: nodes.value, rest: read.value.rest } } : nodes;
}

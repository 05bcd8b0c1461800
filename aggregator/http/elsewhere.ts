import type { Context } from "hono";
import type { Control } from "../control/control.ts";
import type { Elsewhere } from "../status/tree.ts";
import { findNode } from "./lookup.ts";
import { type Answerer, answerProblem } from "../../src/http/mod.ts";

/**
 * Sends whoever wants to change cfg to the root, where this is another aggregator: 307 with its address (RFC 9110, section
 * 15.4.8), which clients follow with method and body unchanged.
 */
export function atRoot(control: Control, answer: Answerer): Answerer {
  return (c) => {
    const elsewhere = control.elsewhere();
    return elsewhere === undefined ? answer(c) : sendTo(c, elsewhere, "changes of desired state");
  };
}

/** Sends whoever asks about a node to the aggregator that serves it, where this is another one. */
export function atServing(control: Control, what: string, answer: Answerer): Answerer {
  return (c) => {
    const node = findNode(c, control);
    const elsewhere = node.ok ? control.elsewhere(node.value.id) : undefined;
    return elsewhere === undefined ? answer(c) : sendTo(c, elsewhere, what);
  };
}

/** The answer that says who has to be asked instead. @param query Parameters that are added to those of the request. */
export function sendTo(
  c: Context,
  { what, api }: Elsewhere,
  wanted: string,
  query: { readonly [name: string]: string } = {},
): Response {
  if (api === undefined) {
    const detail = `Only ${what} takes ${wanted}, and its address is not known here: it has not been heard yet`;
    return answerProblem({ status: 503, detail });
  }
  const { pathname, search, searchParams } = new URL(c.req.url);
  const more = Object.entries(query);
  for (const [name, value] of more) searchParams.set(name, value);
  const location = `${api.replace(/\/$/, "")}${pathname}${more.length === 0 ? search : `?${searchParams}`}`;
  const detail = `Only ${what} takes ${wanted}: ask ${api}`;
  return answerProblem({ status: 307, detail, headers: { location } });
}

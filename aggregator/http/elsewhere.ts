import type { Operation } from "../../src/api/mod.ts";
import type { Outcome } from "../../src/http/mod.ts";
import type { Control } from "../control/control.ts";
import type { Elsewhere } from "../status/tree.ts";
import type { Call } from "./handler.ts";
import type { Read } from "./read_request.ts";

/**
 * Sends whoever asks for what this aggregator does not answer to the one that does: the root for changes of desired state, the
 * one that serves a node for what only that one knows.
 */
export function createRedirect(control: Control): (operation: Operation, asked: Read, call: Call) => Outcome<unknown> {
  return ({ answeredBy, changes }, { id }, call) => {
    switch (answeredBy) {
      case "any":
        return { ok: true, value: undefined };
      case "root":
        return sendTo(control.elsewhere(), "changes of desired state", call);
      case "server": {
        const node = typeof id === "string" ? control.find(id) : undefined;
        const elsewhere = node === undefined ? undefined : control.elsewhere(node.id);
        return sendTo(elsewhere, changes ? "reports of a node that it serves" : "questions about its nodes", call);
      }
      default:
        return answeredBy satisfies never;
    }
  };
}

/**
 * Tells who has to be asked instead, as a problem: 307 with the address (RFC 9110, section 15.4.8), which clients follow with
 * method and body unchanged, or 503 where the address is not known.
 *
 * @param elsewhere Undefined: this aggregator, and all is well.
 * @param wanted What that one takes, in words.
 * @param query Parameters that are added to those of the request.
 */
export function sendTo(
  elsewhere: Elsewhere | undefined,
  wanted: string,
  { url }: Pick<Call, "url">,
  query: { readonly [name: string]: string } = {},
): Outcome<undefined> {
  if (elsewhere === undefined) return { ok: true, value: undefined };
  const { what, api } = elsewhere;
  if (api === undefined) {
    const detail = `Only ${what} takes ${wanted}, and its address is not known here: it has not been heard yet`;
    return { ok: false, problem: { kind: "unavailable", detail } };
  }
  const { pathname, search } = url;
  const parameters = new URLSearchParams(search);
  const more = Object.entries(query);
  for (const [name, value] of more) parameters.set(name, value);
  const location = `${api.replace(/\/$/, "")}${pathname}${more.length === 0 ? search : `?${parameters}`}`;
  const detail = `Only ${what} takes ${wanted}: ask ${api}`;
  return { ok: false, problem: { kind: "elsewhere", detail, headers: { location } } };
}

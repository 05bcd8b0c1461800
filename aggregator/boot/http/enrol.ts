import type { Context } from "hono";
import * as v from "valibot";
import { parseMac } from "../../../src/boot/mod.ts";
import { answerProblem, invalid, JSON_TYPES, readJson, type Routes, withQuery } from "../../../src/http/mod.ts";
import type { EnrolmentRefusal, Exchanged } from "../enrolment.ts";
import type { BootAppParts } from "./parts.ts";
import { errorText } from "../../../src/toolkit/mod.ts";

const MAX_BODY = 2_048;
const request = v.strictObject({
  token: v.pipe(v.string(), v.maxLength(256)),
  mac: v.pipe(v.string(), v.maxLength(17)),
});

const REFUSALS: { readonly [reason in EnrolmentRefusal]: string } = {
  "unknown": "The token was never issued, or a later one has replaced it",
  "used": "The token has already been used",
  "expired": "The token has expired",
  "other-machine": "The token was given to another machine",
};

/**
 * Returns the route `/boot/v1/enrol`, which exchanges a boot's one-time token for the identity of its agent.
 *
 * @param parts What it depends on.
 */
export function enrolRoutes(parts: BootAppParts): Routes {
  async function enrol(c: Context): Promise<Response> {
    const body = await readJson(c, { types: JSON_TYPES, limit: MAX_BODY });
    if (!body.ok) return answerProblem(body.problem);
    const read = v.safeParse(request, body.value);
    const mac = read.success ? parseMac(read.output.mac) : undefined;
    // The request is not quoted, because it may contain a token.
    if (!read.success || mac === undefined) {
      return answerProblem(invalid(["The body is invalid: expected an object with token and mac"]));
    }
    let exchanged: Exchanged;
    try {
      exchanged = parts.enrolment.exchange(read.output.token, mac);
    } catch (error) {
      parts.log.error("Cannot write to the store", { problem: errorText(error) });
      return answerProblem({ kind: "unavailable", detail: "The identity could not be stored: try again" });
    }
    if (!exchanged.ok) return answerProblem({ kind: "forbidden", detail: REFUSALS[exchanged.reason] });
    const { id, password } = exchanged;
    parts.onEnrolled(id);
    c.header("cache-control", "no-store");
    return c.json({
      id,
      name: parts.registry.host(mac)?.name ?? id,
      cluster: parts.cluster,
      parent: parts.parent,
      broker: parts.broker(),
      username: id,
      password,
    });
  }

  return { "/boot/v1/enrol": { POST: withQuery([], enrol) } };
}

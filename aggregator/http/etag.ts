import { type Version, versionText } from "../../src/state/mod.ts";
import type { NodeDetail } from "../control/detail.ts";
import { answerProblem } from "../../src/http/mod.ts";

/** The entity tag of a cfg: its version, as `"assignment.run.rev"`. */
export function etagOf(version: Version): string {
  return `"${versionText(version)}"`;
}

/** Tells whether an If-Match header allows a write. Tags are compared strongly (RFC 9110, section 13.1.1). */
export function allowsWrite(ifMatch: string, etag: string): boolean {
  return ifMatch.trim() === "*" || tagsOf(ifMatch).includes(etag);
}

/** Tells whether an If-None-Match header says that the client has this already. Compared weakly (section 13.1.2). */
export function hasAlready(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.trim() === "*" || tagsOf(ifNoneMatch).some((tag) => tag.replace(/^W\//, "") === etag);
}

function tagsOf(header: string): string[] {
  return header.split(",").map((tag) => tag.trim());
}

/** Answers JSON under an entity tag, or that it has not changed. */
export function answerTagged(ifNoneMatch: string | undefined, etag: string, json: () => string): Response {
  if (hasAlready(ifNoneMatch, etag)) return new Response(null, { status: 304, headers: { etag } });
  return new Response(json(), { headers: { "content-type": "application/json", etag } });
}

/** Refuses a write that goes by an older version of a node. */
export function refuseStale(node: NodeDetail): Response {
  const etag = etagOf(node.version);
  return answerProblem({
    status: 412,
    detail: `The cfg of node '${node.name}' has changed: its ETag is now ${etag}. Read it again and repeat the change`,
    headers: { etag },
  });
}

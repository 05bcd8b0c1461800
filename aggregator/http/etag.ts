import type { Problem } from "../../src/http/mod.ts";
import { type Version, versionText } from "../../src/state/mod.ts";
import type { NodeDetail } from "../control/detail.ts";

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

/** Refuses a write that goes by an older version of what it changes. @param what Whose cfg, say, has changed. */
export function changed(what: string, etag: string, advice: string): { readonly ok: false; readonly problem: Problem } {
  const detail = `${what} has changed: its ETag is now ${etag}. ${advice}`;
  return { ok: false, problem: { kind: "changed", detail, headers: { etag } } };
}

/** Refuses a write that goes by an older version of a node; undefined where it may be made. */
export function checkCfg(
  ifMatch: string | undefined,
  { name, version }: Pick<NodeDetail, "name" | "version">,
): { readonly ok: false; readonly problem: Problem } | undefined {
  const etag = etagOf(version);
  if (ifMatch === undefined || allowsWrite(ifMatch, etag)) return undefined;
  return changed(`The cfg of node '${name}'`, etag, "Read it again and repeat the change");
}

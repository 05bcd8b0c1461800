import type { Context, Hono, Next } from "hono";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { missing, REDFISH_ROOT, redfishError } from "./answers.ts";
import type { Form } from "./form.ts";
import type { Site } from "./site.ts";

/** The other name that a BMC uses in its links. */
const OTHER_NAME = "https://bmc-other-name.example";
/** Properties that are links, in addition to `@odata.id`. */
const LINKS = ["@odata.id", "target", "@Redfish.ActionInfo", "Members@odata.nextLink", "ServerSentEventUri"];

/**
 * Adds to `app` what a form changes for every resource: the ends of URIs, the notation of links and bodies, and the
 * protection of changes.
 *
 * @param site The machines, with their form.
 */
export function addForm(app: Hono, site: Site): void {
  const { form } = site;
  app.use(async (c, next) => {
    const elsewhere = slashes(c, form);
    if (elsewhere !== undefined) return elsewhere;
    await next();
    await write(c, form);
  });
  if (form.tags !== "none") app.use((c, next) => guard(c, next, site));
}

function slashes(c: Context, { slash }: Form): Response | undefined {
  const path = new URL(c.req.url).pathname; // Hono's own has no slash at its end
  if (slash === "either" || !path.startsWith(`${REDFISH_ROOT}/`) || path === `${REDFISH_ROOT}/`) return undefined;
  const has = path.endsWith("/");
  if (slash === "never") return has ? missing(c) : undefined;
  if (has) return undefined;
  return slash === "always" ? missing(c) : c.redirect(`${path}/`, 308);
}

/** Handles entity tags of machines (RFC 9110, 8.8.3): 428 (RFC 6585) or 412 for changes without the right one. */
async function guard(c: Context, next: Next, { form, controllers, uriOf }: Site): Promise<Response | void> {
  const system = controllers.find((each) => `${c.req.path.replace(/\/$/, "")}/`.startsWith(`${uriOf(each)}/`));
  if (system === undefined) return await next();
  const opaque = `"${createHash("sha256").update(`${system.name} ${system.power}`).digest("hex").slice(0, 16)}"`;
  const tag = form.tags === "weak" ? `W/${opaque}` : opaque;
  const changes = c.req.method === "PATCH" || c.req.method === "POST";
  const given = c.req.header("if-match");
  if (changes && form.wantsTag && given === undefined) {
    return redfishError(c, 428, "PreconditionRequired", "The request has to have If-Match");
  }
  if (changes && given !== undefined && given !== "*" && given !== tag) {
    return redfishError(c, 412, "PreconditionFailed", "The tag is another one");
  }
  await next();
  if (c.req.method === "GET") c.header("ETag", tag);
}

async function write(c: Context, form: Form): Promise<void> {
  const isJson = c.res.headers.get("content-type")?.startsWith("application/json") === true;
  if (!isJson || (form.links === "plain" && form.body === "plain" && form.slash !== "always")) return;
  const text = JSON.stringify(linked(await c.res.json(), form));
  const headers = new Headers(c.res.headers);
  headers.delete("content-length");
  if (form.body === "gzip") headers.set("content-encoding", "gzip");
  const body = form.body === "gzip" ? new Uint8Array(gzipSync(text)) : form.body === "nul" ? `${text}\0\0` : text;
  c.res = new Response(body, { status: c.res.status, headers });
}

/** Returns a copy with its links in the notation of the form. */
function linked(value: unknown, form: Form): unknown {
  if (Array.isArray(value)) return value.map((each) => linked(each, form));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      LINKS.includes(name) && typeof each === "string" ? linkOf(each, form) : linked(each, form),
    ]),
  );
}

function linkOf(link: string, { links, slash }: Form): string {
  const ended = slash === "always" && !link.endsWith("/") ? `${link}/` : link;
  if (links === "absolute") return `${OTHER_NAME}${ended}`;
  return links === "doubled" ? `/${ended.replace(`${REDFISH_ROOT}/`, `${REDFISH_ROOT}//`)}` : ended;
}

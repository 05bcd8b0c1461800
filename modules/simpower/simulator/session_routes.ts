import type { Context, Hono, Next } from "hono";
import { randomUUID, timingSafeEqual } from "node:crypto";
import { collection, jsonBody, malformedAnswer, missing, REDFISH_ROOT, redfishError } from "./answers.ts";
import type { Form } from "./form.ts";

const SERVICE = `${REDFISH_ROOT}/SessionService`;
const SESSIONS = `${SERVICE}/Sessions`;
/** Requests without authentication (DSP0266, 13.3). */
const OPEN = [
  "GET /redfish",
  `GET ${REDFISH_ROOT}`,
  `POST ${SESSIONS}`,
  `GET ${REDFISH_ROOT}/odata`,
  `GET ${REDFISH_ROOT}/$metadata`,
];

/**
 * Adds sessions to `app`, and requires a session or credentials with each request.
 *
 * @param user The only user; undefined: everyone may do everything.
 * @param form The form, with the limits of sessions.
 */
export function addSessions(
  app: Hono,
  user: { readonly username: string; readonly password: string },
  form: Pick<Form, "sessions" | "refusal" | "basic">,
): void {
  const tokens = new Map<string, string>(); // by session id
  const basic = `Basic ${btoa(`${user.username}:${user.password}`)}`;

  app.use(async (c: Context, next: Next) => {
    const token = c.req.header("x-auth-token");
    const known = token === undefined
      ? form.basic && isSame(c.req.header("authorization") ?? "", basic)
      : [...tokens.values()].some((each) => isSame(each, token));
    if (known || OPEN.includes(`${c.req.method} ${c.req.path.replace(/\/$/, "")}`)) return await next();
    return redfishError(c, 401, "NoValidSession", "There is no valid session, nor a valid user and password");
  });
  if (form.sessions === 0) return;
  app.get(SERVICE, (c) =>
    c.json({
      "@odata.id": SERVICE,
      "@odata.type": "#SessionService.v1_1_9.SessionService",
      Id: "SessionService",
      Name: "Sessions",
      ServiceEnabled: true,
      Sessions: { "@odata.id": SESSIONS },
    }));
  app.get(SESSIONS, (c) =>
    c.json(
      collection(SESSIONS, "SessionCollection", "Sessions", [...tokens.keys()].map((id) => `${SESSIONS}/${id}`)),
    ));
  app.post(SESSIONS, async (c) => {
    const body = await jsonBody(c);
    if (body === undefined) return malformedAnswer(c);
    if (!isSame(String(body["UserName"]), user.username) || !isSame(String(body["Password"]), user.password)) {
      return redfishError(c, form.refusal, "ResourceAtUriUnauthorized", "The user or the password is wrong");
    }
    if (tokens.size >= form.sessions) {
      return redfishError(c, 503, "SessionLimitExceeded", "There are too many sessions");
    }
    const id = randomUUID();
    const token = randomUUID();
    tokens.set(id, token);
    c.header("X-Auth-Token", token);
    c.header("Location", `${SESSIONS}/${id}`);
    return c.json(session(id), 201);
  });
  app.get(`${SESSIONS}/:id`, (c) => tokens.has(c.req.param("id")) ? c.json(session(c.req.param("id"))) : missing(c));
  app.delete(
    `${SESSIONS}/:id`,
    (c) => tokens.delete(c.req.param("id")) ? c.body(null, 204) : missing(c),
  );
  function session(id: string) {
    return {
      "@odata.id": `${SESSIONS}/${id}`,
      "@odata.type": "#Session.v1_7_0.Session",
      Id: id,
      Name: "Session",
      UserName: user.username,
    };
  }
}

/** Compares secrets in a time that does not depend on where they differ. */
function isSame(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => new TextEncoder().encode(text));
  return a !== undefined && b !== undefined && a.length === b.length && timingSafeEqual(a, b);
}

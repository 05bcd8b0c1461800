import type { Context } from "hono";
import type { Control } from "../control/control.ts";
import type { EventStreams } from "./event_stream.ts";
import { answerProblem, type Outcome } from "./problem.ts";
import { withQuery } from "./query.ts";
import type { Routes } from "./routes.ts";

/** The most events of a page. */
const PAGE = 1000;

/** `/api/v1/events`: the event log, as a stream (Server-Sent Events) or in pages. */
export function eventRoutes(control: Control, streams: EventStreams): Routes {
  function get(c: Context, query: { readonly after?: string }): Response {
    // A browser that connects again sends the last id that it got; that is newer than the address it began with.
    const after = readAfter(c.req.header("last-event-id") ?? query.after);
    if (!after.ok) return answerProblem(after.problem);
    const accept = c.req.header("accept") ?? "";
    if (accept.includes("application/json") && !accept.includes("text/event-stream")) {
      return c.json({ events: control.events(after.value ?? 0, PAGE) });
    }
    const headers = { "content-type": "text/event-stream", "cache-control": "no-cache" };
    if (c.req.method === "HEAD") return new Response(null, { headers });
    const stream = streams.open(after.value);
    if (stream !== undefined) return new Response(stream, { headers });
    return answerProblem({ status: 503, detail: "Too many follow the events already: try again later" });
  }

  return { "/api/v1/events": { GET: withQuery(["after"], get) } };
}

function readAfter(text: string | undefined): Outcome<number | undefined> {
  if (text === undefined) return { ok: true, value: undefined };
  if (/^[0-9]{1,15}$/.test(text)) return { ok: true, value: Number(text) };
  const detail = `The event id is '${text.slice(0, 100)}': expected the number of the last event that is known`;
  return { ok: false, problem: { status: 400, detail } };
}

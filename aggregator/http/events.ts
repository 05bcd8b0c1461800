import type { Context } from "hono";
import { foldNodeset, parseNodeset } from "../../src/nodeset/mod.ts";
import type { Control } from "../control/control.ts";
import type { EventStreams } from "./event_stream.ts";
import { answerProblem, type Outcome, type Routes, withQuery } from "../../src/http/mod.ts";
import { readSelected } from "./selection.ts";

/** The most events of a page. */
const PAGE = 1000;
/** The most names without a node that are sought in the log. */
const MAX_GONE = 1000;

/** `/api/v1/events`: the event log, or what of it is about some nodes, as a stream (Server-Sent Events) or in pages. */
export function eventRoutes(control: Control, streams: EventStreams): Routes {
  function get(c: Context, query: { readonly after?: string; readonly nodeset?: string }): Response {
    // A browser that connects again sends the last id that it got; that is newer than the address it began with.
    const after = readAfter(c.req.header("last-event-id") ?? query.after);
    if (!after.ok) return answerProblem(after.problem);
    if (query.nodeset === undefined) return answer(c, after.value);
    const nodes = findNames(control, query.nodeset);
    return nodes.ok ? answer(c, after.value, nodes.value) : answerProblem(nodes.problem);
  }

  async function selected(c: Context): Promise<Response> {
    const body = await readSelected(c, ["after"]);
    if (!body.ok) return answerProblem(body.problem);
    const given = c.req.header("last-event-id") ?? body.value.rest["after"];
    const after = readAfter(given === undefined ? undefined : String(given));
    if (!after.ok) return answerProblem(after.problem);
    const nodes = findNames(control, body.value.nodeset);
    return nodes.ok ? answer(c, after.value, nodes.value) : answerProblem(nodes.problem);
  }

  function answer(c: Context, after: number | undefined, nodes?: ReadonlySet<string>): Response {
    const accept = c.req.header("accept") ?? "";
    if (accept.includes("application/json") && !accept.includes("text/event-stream")) {
      const from = after ?? 0;
      const dropped = control.droppedEvents();
      return c.json({ events: control.events(from, PAGE, nodes), ...(from < dropped && { droppedUpTo: dropped }) });
    }
    const headers = { "content-type": "text/event-stream", "cache-control": "no-cache" };
    if (c.req.method === "HEAD") return new Response(null, { headers });
    const stream = streams.open(after, nodes);
    if (stream !== undefined) return new Response(stream, { headers });
    return answerProblem({ status: 503, detail: "Too many follow the events already: try again later" });
  }

  return {
    "/api/v1/events": { GET: withQuery(["after", "nodeset"], get) },
    "/api/v1/selection/events": { POST: withQuery([], selected) },
  };
}

/** The names of a nodeset: of nodes that there are, and of others that the log has events of, as of deleted ones. */
function findNames(control: Control, nodeset: string): Outcome<ReadonlySet<string>> {
  const parsed = parseNodeset(nodeset);
  if (!parsed.ok) return { ok: false, problem: { status: 400, detail: parsed.problem } };
  const missing = parsed.names.filter((name) => control.find(name) === undefined);
  const hasEvents = (name: string): boolean => control.events(0, 1, new Set([name])).length > 0;
  const unknown = missing.length > MAX_GONE ? missing : missing.filter((name) => !hasEvents(name));
  if (unknown.length === 0) return { ok: true, value: new Set(parsed.names) };
  const detail = `No nodes ${foldNodeset(unknown).slice(0, 500)}, and no events of nodes of these names`;
  return { ok: false, problem: { status: 404, detail } };
}

function readAfter(text: string | undefined): Outcome<number | undefined> {
  if (text === undefined) return { ok: true, value: undefined };
  if (/^[0-9]{1,15}$/.test(text)) return { ok: true, value: Number(text) };
  const detail = `The event id is '${text.slice(0, 100)}': expected the number of the last event that is known`;
  return { ok: false, problem: { status: 400, detail } };
}

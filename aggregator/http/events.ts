import { foldNodeset } from "../../src/nodeset/mod.ts";
import { faulty, type Outcome } from "../../src/http/mod.ts";
import type { Control } from "../control/control.ts";
import type { EventStreams } from "./event_stream.ts";
import type { Call, Handlers } from "./handler.ts";
import { readNodeset } from "./lookup.ts";

/** The most names without a node that are sought in the log. */
const MAX_GONE = 1000;

/** Tells the event log, or what of it is about some nodes, as a stream (Server-Sent Events) or in pages. */
export function createEventHandlers(control: Control, streams: EventStreams): Pick<Handlers, "listEvents"> {
  return {
    listEvents({ nodeset, after, cursor, limit }, call) {
      // A browser that connects again sends the last id that it got; that is newer than the address it began with.
      const from = readAfter(call.header("last-event-id") ?? cursor ?? after);
      if (!from.ok) return from;
      const nodes = nodeset === undefined ? { ok: true as const, value: undefined } : findNames(control, nodeset);
      if (!nodes.ok) return nodes;
      return wantsPage(call)
        ? { ok: true, value: pageAfter(control, from.value ?? 0, limit, nodes.value) }
        : openStream(streams, call, from.value, nodes.value);
    },
  };
}

function wantsPage(call: Call): boolean {
  const accept = call.header("accept") ?? "";
  return accept.includes("application/json") && !accept.includes("text/event-stream");
}

function pageAfter(control: Control, after: number, limit: number, nodes: ReadonlySet<string> | undefined) {
  const dropped = control.droppedEvents();
  const events = control.events(after, limit, nodes);
  const last = events.length < limit ? undefined : events.at(-1);
  return {
    events,
    ...(after < dropped && { droppedUpTo: dropped }),
    ...(last !== undefined && { next: String(last.id) }),
  };
}

function openStream(
  streams: EventStreams,
  { method }: Call,
  after: number | undefined,
  nodes: ReadonlySet<string> | undefined,
): { readonly ok: true; readonly response: Response } | Extract<Outcome<never>, { readonly ok: false }> {
  const headers = { "content-type": "text/event-stream", "cache-control": "no-cache" };
  if (method === "HEAD") return { ok: true, response: new Response(null, { headers }) };
  const stream = streams.open(after, nodes);
  if (stream !== undefined) return { ok: true, response: new Response(stream, { headers }) };
  return {
    ok: false,
    problem: { kind: "unavailable", detail: "Too many follow the events already: try again later" },
  };
}

/** The names of a nodeset: of nodes that there are, and of others that the log has events of, as of deleted ones. */
function findNames(control: Control, nodeset: string): Outcome<ReadonlySet<string>> {
  const names = readNodeset(control, nodeset);
  if (!names.ok) return names;
  const missing = names.value.filter((name) => control.find(name) === undefined);
  const hasEvents = (name: string): boolean => control.events(0, 1, new Set([name])).length > 0;
  const unknown = missing.length > MAX_GONE ? missing : missing.filter((name) => !hasEvents(name));
  if (unknown.length === 0) return { ok: true, value: new Set(names.value) };
  const detail = `No nodes ${foldNodeset(unknown).slice(0, 500)}, and no events of nodes of these names`;
  return { ok: false, problem: { kind: "not-found", detail } };
}

function readAfter(text: string | undefined): Outcome<number | undefined> {
  if (text === undefined) return { ok: true, value: undefined };
  if (/^[0-9]{1,15}$/.test(text)) return { ok: true, value: Number(text) };
  const detail = `The event id is '${text.slice(0, 100)}': expected the number of the last event that is known`;
  return { ok: false, problem: faulty("malformed", [{ detail, parameter: "after" }]) };
}

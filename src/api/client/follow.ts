import * as v from "valibot";
import { operations } from "../operations/mod.ts";
import { droppedEvents, loggedEvent, type LoggedEventInfo } from "../schemas/mod.ts";
import { readText, type Server, toFailure } from "./answers.ts";
import { startDeadline } from "./deadline.ts";
import { pause, readEvents } from "../../toolkit/mod.ts";
import type { Failure } from "./failure.ts";
import { piecesOf, readBody } from "./read_body.ts";
import { askingFor } from "./request.ts";

/** What happens on a stream of events. */
export type StreamNews =
  | { readonly kind: "event"; readonly event: LoggedEventInfo }
  | { readonly kind: "connected" }
  /** Events up to this id were to come, and are not kept any more. */
  | { readonly kind: "dropped"; readonly upTo: number }
  /** The connection was lost; it is tried again. */
  | { readonly kind: "lost"; readonly failure: Failure }
  /** There never was a stream: nothing more comes. */
  | { readonly kind: "failed"; readonly failure: Failure };

/** The server says something at least every 15 s; a stream that is silent for this long (milliseconds) is lost. */
const SILENCE = 45_000;
/** Wait before a lost stream is opened again, in milliseconds. */
const RETRY = 1000;

/**
 * Follows an aggregator's events until the options' signal fires. After a lost connection it comes back with the last id
 * that it saw (`Last-Event-ID`), so that from its first event on none is missed or told twice.
 *
 * @param nodeset Only events of these nodes; absent of all.
 */
export async function* followEvents(
  options: Server,
  after: number | undefined,
  nodeset?: string,
): AsyncGenerator<StreamNews> {
  let lastId = after;
  let opened = false;
  while (!options.signal.aborted) {
    for await (const news of readOneStream(options, lastId, nodeset)) {
      if (news.kind === "event") lastId = news.event.id;
      if (news.kind === "connected") opened = true;
      const isLost = news.kind === "failed" && opened && news.failure.kind !== "refused";
      yield isLost ? { kind: "lost", failure: news.failure } : news;
      if (news.kind === "failed" && !isLost) return;
    }
    await pause(options.clock, RETRY, options.signal).catch(() => {}); // the loop ends with the signal
  }
}

async function* readOneStream(
  options: Server,
  lastId: number | undefined,
  nodeset: string | undefined,
): AsyncGenerator<StreamNews> {
  const deadline = startDeadline(options.clock, options.timeout, options.signal);
  try {
    const { method, path, body, type } = askingFor(operations.listEvents, { nodeset });
    const response = await options.fetch(`${options.server}${path}`, {
      method,
      ...(body !== undefined && { body }),
      headers: {
        accept: "text/event-stream",
        ...(options.traceparent !== undefined && { traceparent: options.traceparent }),
        ...(lastId === undefined ? {} : { "last-event-id": String(lastId) }),
        ...(type !== undefined && { "content-type": type }),
      },
      redirect: "error",
      signal: deadline.signal,
    });
    if (!response.ok || response.body === null) {
      const { status } = response;
      const answer = readText(options.server, { status, text: await readBody(response), etag: undefined });
      const failure: Failure = answer.ok
        ? { kind: "unexpected", server: options.server, detail: "it is no stream of events" }
        : answer.failure;
      yield { kind: "failed", failure };
      return;
    }
    deadline.extend(SILENCE);
    yield { kind: "connected" };
    for await (const { event, data } of readEvents(heard(piecesOf(response), () => deadline.extend(SILENCE)))) {
      if (event === "dropped") yield { kind: "dropped", upTo: parseData(droppedEvents, data).droppedUpTo };
      else yield { kind: "event", event: parseData(loggedEvent, data) };
    }
    if (!options.signal.aborted) {
      yield { kind: "failed", failure: { kind: "unreachable", server: options.server, detail: "The stream ended" } };
    }
  } catch (error) {
    if (!options.signal.aborted) yield { kind: "failed", failure: toFailure(error, options) };
  } finally {
    deadline.end();
  }
}

/** Tells of each piece of a body as it comes, comments included. */
async function* heard(body: AsyncIterable<Uint8Array>, tell: () => void): AsyncGenerator<Uint8Array> {
  for await (const piece of body) {
    tell();
    yield piece;
  }
}

/** @throws {RangeError} When the data is something else. */
function parseData<S extends v.GenericSchema>(shape: S, data: string): v.InferOutput<S> {
  try {
    return v.parse(shape, JSON.parse(data));
  } catch (error) {
    throw new RangeError(`an event of its stream cannot be read (${error instanceof Error ? error.message : error})`);
  }
}

/**
 * Reads a body to its end.
 *
 * @param body Null stands for an empty one, as in a `Response`.
 * @param limit The largest number of bytes to read.
 * @returns Undefined if the body is larger: the rest is not read, and a stream is cancelled.
 * @throws Errors of the stream.
 */
export async function readUpTo(body: AsyncIterable<Uint8Array> | null, limit: number): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body ?? []) {
    size += piece.byteLength;
    if (size > limit) return undefined;
    pieces.push(piece);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}

/** One server-sent event. */
export interface ServerSentEvent {
  /** The last id of the stream, including this event's own. */
  readonly id: string;
  /** Its type; `message` by default. */
  readonly event: string;
  readonly data: string;
}

/** Parses a stream of server-sent events. */
export interface SseParser {
  /**
   * Parses the next piece of the stream.
   *
   * @returns The events that it completes.
   * @throws {RangeError} If an event is larger than the limit.
   */
  push(piece: string): ServerSentEvent[];
}

/** The largest event to accept, in UTF-16 code units. */
const MAX_EVENT_LENGTH = 1024 * 1024;

/**
 * Creates a parser of `text/event-stream` (WHATWG HTML, section 9.2.6). @param maxLength The largest event, in UTF-16
 * code units.
 */
export function createSseParser(maxLength: number = MAX_EVENT_LENGTH): SseParser {
  let rest = "";
  let id = "";
  let event = "";
  let data: string[] = [];
  let length = 0;
  let started = false;

  function takeLine(line: string, events: ServerSentEvent[]): void {
    if (line === "") {
      if (data.length > 0) events.push({ id, event: event === "" ? "message" : event, data: data.join("\n") });
      event = "";
      data = [];
      length = 0;
      return;
    }
    length += line.length;
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    else if (field === "event") event = value;
    else if (field === "id" && !value.includes("\0")) id = value;
  }

  return {
    push(piece) {
      const events: ServerSentEvent[] = [];
      rest += started ? piece : piece.replace(/^\ufeff/, "");
      started ||= piece !== "";
      for (;;) {
        const end = /\r\n|\r|\n/.exec(rest);
        // A carriage return at the very end may be half of a line end: wait for the next piece.
        if (end === null || (end[0] === "\r" && end.index === rest.length - 1)) break;
        takeLine(rest.slice(0, end.index), events);
        rest = rest.slice(end.index + end[0].length);
      }
      if (length + rest.length > maxLength) {
        throw new RangeError(`Cannot read an event of more than ${maxLength} characters`);
      }
      return events;
    },
  };
}

/**
 * Reads server-sent events from `body` as they arrive.
 *
 * @param maxLength The largest event, in UTF-16 code units. @default 1 MiB
 * @throws {RangeError} If an event is larger. Also errors of the stream.
 */
export async function* readEvents(
  body: AsyncIterable<Uint8Array>,
  maxLength: number = MAX_EVENT_LENGTH,
): AsyncGenerator<ServerSentEvent> {
  const parser = createSseParser(maxLength);
  const decoder = new TextDecoder();
  for await (const piece of body) yield* parser.push(decoder.decode(piece, { stream: true }));
}

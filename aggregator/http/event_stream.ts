import type { Clock } from "../../src/clock.ts";
import type { Control } from "../control/control.ts";
import type { LoggedEvent } from "../store/mod.ts";

/** A comment goes out after this long without an event, in milliseconds: both ends see that the other is there. */
export const HEARTBEAT = 15_000;
/** A client that takes nothing for this long is disconnected, in milliseconds. It can resume where it was. */
export const PATIENCE = 60_000;
/** The most events that are read at once. */
const PAGE = 500;
/** How soon a browser should connect again, in milliseconds. */
const RETRY = 2000;

/** Streams of events that are open. */
export interface EventStreams {
  /** See {@link streamEvents}. */
  open(after: number | undefined, nodes?: ReadonlySet<string>): ReadableStream<Uint8Array> | undefined;
  /** Streams whose client has not taken what was last sent. */
  readonly waiting: number;
  /** Bytes that these hold: of each at most one page. */
  readonly waitingBytes: number;
}

/** Makes streams of the events of an aggregator, none at first. */
export function createEventStreams(control: Control, clock: Clock): EventStreams {
  /** Bytes that each waiting stream holds. */
  const waiting = new Map<symbol, number>();
  return {
    open(after, nodes) {
      const stream = Symbol("stream");
      return streamEvents(createCursor(control, after, nodes), control, clock, (bytes) => {
        if (bytes === 0) waiting.delete(stream);
        else waiting.set(stream, bytes);
      });
    },
    get waiting() {
      return waiting.size;
    },
    get waitingBytes() {
      return [...waiting.values()].reduce((sum, bytes) => sum + bytes, 0);
    },
  };
}

/**
 * Events as Server-Sent Events (WHATWG HTML, section 9.2): those after an id, then each new one; without an id new ones
 * only. The client's pace decides: events are read from the log when it has room for them, so that nothing piles up here,
 * none is missed and none comes twice.
 *
 * @param onWaiting Called with how many bytes wait for the client, each time that it changes.
 * @returns undefined when the aggregator takes no more listeners.
 */
function streamEvents(
  cursor: Cursor,
  control: Control,
  clock: Clock,
  onWaiting: (bytes: number) => void,
): ReadableStream<Uint8Array> | undefined {
  const encoder = new TextEncoder();
  let wake = (): void => {};
  let cancelPatience = (): void => {};
  let ended = false;

  let unlisten: () => void;
  try {
    unlisten = control.onEvent((event) => {
      if (cursor.announce(event)) wake();
    });
  } catch {
    return undefined; // the log of events says so when it has enough listeners
  }
  function end(): void {
    ended = true;
    unlisten();
    cancelPatience();
    onWaiting(0);
    wake();
  }
  /** Waits for a new event or the time of the heartbeat. */
  async function pause(): Promise<void> {
    let cancel = (): void => {};
    await new Promise<void>((resolve) => {
      wake = resolve;
      cancel = clock.after(HEARTBEAT, resolve);
    });
    cancel();
  }

  return new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(`retry: ${RETRY}\n\n`));
    },
    async pull(controller) {
      cancelPatience();
      onWaiting(0);
      let page = cursor.next();
      if (page.length === 0) {
        await pause();
        page = cursor.next();
      }
      if (ended) return;
      const lost = cursor.lost();
      const dropped = lost === undefined ? "" : `event: dropped\ndata: {"droppedUpTo":${lost}}\n\n`;
      const text = page.length === 0 ? dropped || ": still here\n\n" : `${dropped}${page.map(formatEvent).join("")}`;
      cancelPatience = clock.after(PATIENCE, () => {
        end();
        controller.error(new Error("The client takes no events"));
      });
      const bytes = encoder.encode(text);
      onWaiting(bytes.length);
      controller.enqueue(bytes);
    },
    cancel: end,
  });
}

/** The place of one client in the log of events. */
interface Cursor {
  /** Takes a new event. @returns Whether the client is to have it. */
  announce(event: LoggedEvent): boolean;
  /** The events that come next; none while there is nothing new. */
  next(): readonly LoggedEvent[];
  /** Up to which id the log has dropped events that the client was still to get; undefined for none, and once it was asked. */
  lost(): number | undefined;
}

/** @param nodes Only events of nodes of these names; absent of all. */
function createCursor(control: Control, after: number | undefined, nodes?: ReadonlySet<string>): Cursor {
  let last = after;
  let newest: number | undefined;
  let lost: number | undefined;
  return {
    lost() {
      const upTo = lost;
      lost = undefined;
      return upTo;
    },
    announce(event) {
      // The first new event tells where the log is. A client whose id lies beyond has it from a log that is gone.
      if (newest === undefined && (last === undefined || last >= event.id)) last = event.id - 1;
      newest = event.id;
      return nodes?.has(event.node) !== false;
    },
    next() {
      if (last === undefined) return [];
      const page = control.events(last, PAGE, nodes);
      const dropped = control.droppedEvents();
      if (last < dropped) lost = dropped;
      last = page.at(-1)?.id ?? last;
      // Behind the last of a page that is not full there is nothing: what is of other nodes is not looked at again.
      if (page.length < PAGE && newest !== undefined) last = Math.max(last, newest);
      return page;
    },
  };
}

function formatEvent(event: LoggedEvent): string {
  return `id: ${event.id}\nevent: ${event.kind.replace(/[\r\n]/g, " ")}\ndata: ${JSON.stringify(event)}\n\n`;
}

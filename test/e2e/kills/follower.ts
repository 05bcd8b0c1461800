import assert from "node:assert/strict";
import { createSseParser } from "../../../src/toolkit/mod.ts";
import type { Gate } from "./gate.ts";

/** A client that follows the event log over every restart. */
export interface Follower {
  /** What it was told, by id: the event as it came. */
  readonly told: ReadonlyMap<number, unknown>;
  /** How often it was connected, each time but the first with the id of the last event that it saw. */
  readonly streams: number;
  /** Resolves when it has ended: the gate has to be at its end. Throws when an event came twice, or out of order. */
  stop(): Promise<void>;
}

/** Starts to follow, from the first event on. `heard` is called for each event. */
export function followEvents(options: { readonly api: string; readonly gate: Gate; heard(): void }): Follower {
  const told = new Map<number, unknown>();
  let cancel = (): void => {};
  let stopped = false;
  let last = 0;
  let streams = 0;

  async function connect(): Promise<ReadableStream<Uint8Array>> {
    const response = await fetch(`${options.api}/api/v1/events`, {
      headers: { accept: "text/event-stream", "last-event-id": String(last) },
    });
    assert.equal(response.status, 200);
    assert.ok(response.body !== null);
    return response.body;
  }
  function take(id: number, data: string): void {
    assert.ok(id > last, `Event ${id} came after event ${last}: ${data}`);
    last = id;
    told.set(id, JSON.parse(data));
    options.heard();
  }
  async function run(): Promise<void> {
    while (await options.gate.pass()) {
      const stream = await connect().catch(lost);
      if (stream === undefined) continue;
      streams++;
      const parser = createSseParser();
      const decoder = new TextDecoder();
      const reader = stream.getReader();
      cancel = () => void reader.cancel().catch(lost);
      if (stopped) cancel();
      for (;;) {
        const piece = await reader.read().catch(lost);
        if (piece === undefined || piece.done) break;
        for (const event of parser.push(decoder.decode(piece.value, { stream: true }))) {
          take(Number(event.id), event.data);
        }
      }
    }
  }
  const ended = run();
  ended.catch(() => {}); // it is reported to whoever stops it
  return {
    told,
    get streams() {
      return streams;
    },
    stop() {
      stopped = true;
      cancel();
      return ended;
    },
  };
}

/** A connection that breaks is what this is about; anything else is not. */
function lost(error: unknown): undefined {
  if (error instanceof assert.AssertionError) throw error;
  return undefined;
}

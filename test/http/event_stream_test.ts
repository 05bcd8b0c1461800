import assert from "node:assert/strict";
import { test } from "node:test";
import type { LoggedEvent } from "../../aggregator/store/mod.ts";
import { createEventStreams, HEARTBEAT, PATIENCE } from "../../aggregator/http/event_stream.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { createTestControl, type TestControl } from "./test_control.ts";
import { assertProblem, createTestApp } from "./support.ts";

const EVENTS = "/api/v1/events";

function logMany(control: TestControl, count: number): void {
  for (let index = 0; index < count; index += 1) control.log("done");
}

/** Reads a stream chunk by chunk. */
function readerOf(response: Response) {
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.ok(response.body !== null);
  const reader = response.body.getReader();
  return {
    async next(): Promise<string> {
      const { value } = await reader.read();
      assert.ok(value !== undefined, "The stream ended");
      return new TextDecoder().decode(value);
    },
    /** Ids in the order in which they came, until there are `count`. */
    async ids(count: number): Promise<number[]> {
      const ids: number[] = [];
      while (ids.length < count) {
        for (const [, id] of (await this.next()).matchAll(/^id: (\d+)$/gm)) ids.push(Number(id));
      }
      return ids;
    },
    end: () => reader.cancel(),
  };
}

const numbers = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

test("GET events pages through the log as JSON", async () => {
  const { app, control } = await createTestApp();
  logMany(control, 1500);
  const headers = { accept: "application/json, application/problem+json" };
  const { events } = await (await app.request(EVENTS, { headers })).json();
  assert.equal(events.length, 1000);
  const rest = await (await app.request(`${EVENTS}?after=${events.at(-1).id}`, { headers })).json();
  assert.deepEqual(rest.events.map(({ id }: LoggedEvent) => id), numbers(1001, 1500));
  assert.deepEqual(await (await app.request(`${EVENTS}?after=1500`, { headers })).json(), { events: [] });
});

test("GET events refuses an id that is no number", async () => {
  const { app } = await createTestApp();
  await assertProblem(
    await app.request(`${EVENTS}?after=x`),
    400,
    /'after' is 'x': expected the number of the last event/,
  );
  await assertProblem(await app.request(EVENTS, { headers: { "last-event-id": "-1" } }), 400, /'-1'/);
});

test("GET events streams each event with id, kind and data", async () => {
  const { app, control } = await createTestApp();
  const event = control.log("done");
  const reader = readerOf(await app.request(`${EVENTS}?after=0`));
  assert.equal(await reader.next(), "retry: 2000\n\n");
  assert.equal(await reader.next(), `id: 1\nevent: done\ndata: ${JSON.stringify(event)}\n\n`);
  await reader.end();
});

test("GET events replays after an id in pages and goes on live, without a gap or a double", async () => {
  const { app, control } = await createTestApp();
  logMany(control, 1200);
  const reader = readerOf(await app.request(`${EVENTS}?after=100`));
  const first = await reader.ids(600);
  logMany(control, 700); // while it is still being replayed
  const second = await reader.ids(1800 - first.length);
  const live = reader.ids(2);
  control.log("started");
  control.log("done");
  assert.deepEqual([...first, ...second, ...await live], numbers(101, 1902));
  await reader.end();
});

test("GET events without an id begins with what happens from now on", async () => {
  const { app, control } = await createTestApp();
  logMany(control, 5);
  const reader = readerOf(await app.request(EVENTS));
  logMany(control, 2);
  assert.deepEqual(await reader.ids(2), [6, 7]);
  await reader.end();
});

test("Last-Event-ID counts for more than the address that a browser began with", async () => {
  const { app, control } = await createTestApp();
  logMany(control, 5);
  const reader = readerOf(await app.request(`${EVENTS}?after=1`, { headers: { "last-event-id": "4" } }));
  assert.deepEqual(await reader.ids(1), [5]);
  await reader.end();
});

test("a client whose id is of a log that is gone gets what is new", async () => {
  const { app, control } = await createTestApp();
  logMany(control, 2);
  const reader = readerOf(await app.request(`${EVENTS}?after=900`));
  logMany(control, 2);
  assert.deepEqual(await reader.ids(2), [3, 4]);
  await reader.end();
});

test("a stream that has nothing to tell sends a comment every 15 s", async () => {
  const clock = createVirtualClock();
  const { app, control } = await createTestApp(clock);
  const reader = readerOf(await app.request(EVENTS));
  await reader.next();
  for (let time = 0; time < 2; time += 1) {
    const next = reader.next();
    await clock.advance(HEARTBEAT);
    assert.equal(await next, ": still here\n\n");
  }
  control.log("done");
  assert.deepEqual(await reader.ids(1), [1]);
  await reader.end();
});

test("a client that takes what comes stays connected, however long that is", async () => {
  const clock = createVirtualClock();
  const { app, control } = await createTestApp(clock);
  const reader = readerOf(await app.request(`${EVENTS}?after=0`));
  await reader.next();
  for (let time = 0; time < 3 * PATIENCE; time += HEARTBEAT) {
    control.log("done");
    await reader.ids(1);
    const next = reader.next();
    await clock.advance(HEARTBEAT);
    assert.equal(await next, ": still here\n\n");
  }
  assert.equal(control.listeners, 1);
  await reader.end();
});

test("a stream of some nodes does not look again at what is of others", async () => {
  const clock = createVirtualClock();
  const control = await createTestControl(["n1"]);
  const asked: number[] = [];
  const watched = {
    ...control,
    events(after: number, limit: number, nodes?: ReadonlySet<string>) {
      asked.push(after);
      return control.events(after, limit, nodes);
    },
  };
  const stream = createEventStreams(watched, clock).open(0, new Set(["n2"]));
  const reader = stream?.getReader();
  await reader?.read();
  logMany(control, 1000);
  for (let time = 0; time < 3; time++) {
    const next = reader?.read();
    await clock.advance(HEARTBEAT);
    assert.equal(new TextDecoder().decode((await next)?.value), ": still here\n\n");
  }
  assert.ok(asked.length >= 3);
  assert.equal(asked.at(-1), 1000);
  await reader?.cancel();
});

test("a client that leaves is forgotten, with its timers", async () => {
  const clock = createVirtualClock();
  const { app, control } = await createTestApp(clock);
  const reader = readerOf(await app.request(EVENTS));
  assert.equal(control.listeners, 1);
  await reader.next();
  control.log("done");
  await reader.ids(1);
  await reader.end();
  await clock.advance(0);
  assert.equal(control.listeners, 0);
  assert.equal(clock.waiting, 0);
});

test("a client that takes nothing holds no events, and is disconnected; it can resume", async () => {
  const clock = createVirtualClock();
  const control = await createTestControl(["n1"]);
  const streams = createEventStreams(control, clock);
  const stream = streams.open(0);
  assert.ok(stream !== undefined);
  const reader = stream.getReader();
  await reader.read();
  assert.equal(streams.waiting, 0);
  logMany(control, 2000);
  await clock.advance(PATIENCE - 1);
  assert.equal(control.listeners, 1);
  assert.equal(streams.waiting, 1);
  const page = control.events(0, 500).map((event) =>
    `id: ${event.id}\nevent: done\ndata: ${JSON.stringify(event)}\n\n`
  );
  assert.equal(streams.waitingBytes, page.join("").length);
  await clock.advance(1);
  assert.equal(control.listeners, 0);
  assert.deepEqual([streams.waiting, streams.waitingBytes], [0, 0]);
  assert.equal(clock.waiting, 0);
  await assert.rejects(async () => {
    await reader.read();
    await reader.read();
  }, /The client takes no events/);
});

test("GET events is refused when too many follow already", async () => {
  const { app, control } = await createTestApp();
  const readers = [];
  for (let index = 0; index < 3; index += 1) readers.push(readerOf(await app.request(EVENTS)));
  await assertProblem(await app.request(EVENTS), 503, /Too many follow the events already/);
  for (const reader of readers) await reader.end();
  assert.equal(control.listeners, 0);
});

test("a page and a stream say up to which id the log has dropped what was asked for, once", async () => {
  const { app, control } = await createTestApp();
  logMany(control, 20);
  control.drop(5);
  const page = async (after: number) =>
    await (await app.request(`${EVENTS}?after=${after}`, { headers: { accept: "application/json" } })).json();
  assert.equal((await page(4)).droppedUpTo, 5);
  assert.equal((await page(5)).droppedUpTo, undefined);
  const stream = readerOf(await app.request(`${EVENTS}?after=2`));
  const text = await stream.next() + await stream.next();
  assert.match(text, /^retry: \d+\n\nevent: dropped\ndata: \{"droppedUpTo":5\}\n\nid: 3\n/);
  control.log("done");
  assert.doesNotMatch(await stream.next(), /dropped/);
  await stream.end();
  const level = readerOf(await app.request(`${EVENTS}?after=5`));
  assert.doesNotMatch(await level.next() + await level.next(), /dropped/);
  await level.end();
});

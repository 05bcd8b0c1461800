import assert from "node:assert/strict";
import { test } from "node:test";
import { createConcurrency } from "../../modules/power/mod.ts";
import { createRedfishClient } from "../../modules/redfish/client.ts";
import { streamPiecesOf } from "../../modules/redfish/event_stream.ts";
import { createBmcEvents } from "../../modules/redfish/events.ts";
import type { Exchange } from "../../modules/redfish/exchange.ts";
import { createOwnNames } from "../../modules/redfish/own_names.ts";
import { createRequests } from "../../modules/redfish/requests.ts";
import { type Access, createSessions } from "../../modules/redfish/sessions.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual_clock.ts";

const MINUTE = 60_000;
const SYSTEMS = "/redfish/v1/Systems";

/** A stream of a BMC that was opened. */
interface Opened {
  readonly host: string;
  readonly at: number;
  /** As whom. */
  readonly identity: string;
  readonly signal: AbortSignal;
  isCancelled: boolean;
  say(text: string): void;
  fail(): void;
  end(): void;
}

/** BMCs of any name that stream events, and a listener to them; by chance, every time is as long as its average. */
function bench() {
  const clock = createVirtualClock();
  const names = createOwnNames();
  const opened: Opened[] = [];
  const looks: number[] = [];
  const told: string[] = [];
  const play = {
    root: (): Response => Response.json({ EventService: { "@odata.id": "/redfish/v1/EventService" } }),
    service: (): object => ({ ServerSentEventUri: "/sse" }),
    stream: (_signal: AbortSignal): Response | Promise<Response> | undefined => undefined,
  };
  const exchangeAs = (identity: string): Exchange => async (url, { signal }) => {
    if (url.pathname === "/redfish/v1/") {
      looks.push(clock.now());
      return play.root();
    }
    if (url.pathname !== "/sse") return Response.json(play.service());
    return await play.stream(signal) ?? openStream(clock, opened, { host: url.hostname, identity, signal });
  };
  const requests = createRequests({ clock, names, patience: 30_000, limit: createConcurrency(32) });
  const sessions = createSessions({ requests, farewells: requests, clock, names });
  const client = createRedfishClient({ requests, sessions, clock, names });
  const events = createBmcEvents({ client, clock, random: () => 0.5, happened: (id) => void told.push(id) });
  function attend(id: string, { system = id, host = "a", identity = "admin" } = {}): void {
    const access: Access = {
      ...{ root: new URL(`http://${host}/redfish/v1/`), exchange: exchangeAs(identity), auth: "session" },
      ...{ credentials: () => undefined, identity: () => identity },
    };
    events.attend(id, new URL(`http://${host}${SYSTEMS}/${system}`), access);
  }
  return { clock, events, attend, opened, looks, told, play };
}

function openStream(clock: VirtualClock, opened: Opened[], about: Pick<Opened, "host" | "identity" | "signal">) {
  const own: Opened = { ...about, at: clock.now(), isCancelled: false, say() {}, fail() {}, end() {} };
  opened.push(own);
  return new Response(
    new ReadableStream<Uint8Array>({
      start(controller) {
        own.say = (text) => controller.enqueue(new TextEncoder().encode(text));
        own.fail = () => controller.error(new Error("The connection was reset"));
        own.end = () => controller.close();
      },
      cancel: () => void (own.isCancelled = true),
    }),
  );
}

/** An event about these resources. */
function event(...origins: readonly string[]): string {
  const Events = origins.map((origin) => ({ OriginOfCondition: { "@odata.id": origin } }));
  return `data: ${JSON.stringify({ Events })}\n\n`;
}

/** The bench with a stream that is open for these nodes, of which they have been told. */
async function listening(...ids: readonly string[]) {
  const own = bench();
  for (const id of ids) own.attend(id);
  await own.clock.advance(5_000);
  const [stream] = own.opened;
  assert.ok(stream !== undefined && own.opened.length === 1);
  assert.deepEqual(own.told.splice(0), ids, "whatever was missed until then");
  return { ...own, stream };
}

test("an event is told to the nodes whose systems it is about, or something below these", async () => {
  const { stream, told, clock } = await listening("1", "10", "2");
  for (
    const [origins, ids] of [
      [[`${SYSTEMS}/1`], ["1"]],
      [[`${SYSTEMS}/1/Processors/CPU0`], ["1"]],
      [[`${SYSTEMS}/10`, `${SYSTEMS}/2`], ["10", "2"]],
      [[`${SYSTEMS}/2`, "/redfish/v1/Chassis/1"], ["2"]],
    ] as const
  ) {
    stream.say(event(...origins));
    await clock.advance(0);
    assert.deepEqual(told.splice(0), ids, origins.join());
  }
});

test("a system with a slash at its end is the same one", async () => {
  const { attend, opened, told, clock } = bench();
  attend("n1", { system: "n1/" });
  attend("n2");
  await clock.advance(5_000);
  told.splice(0);
  opened[0]?.say(event(`${SYSTEMS}/n1`));
  await clock.advance(0);
  assert.deepEqual(told, ["n1"]);
});

test("an event that names none of a BMC's systems is told to all of these, where they are no more than 16", async () => {
  for (const count of [16, 17]) {
    const ids = Array.from({ length: count }, (_, at) => String(at + 1));
    const { stream, told, clock } = await listening(...ids);
    stream.say(event("/redfish/v1/Managers/1"));
    stream.say(event());
    await clock.advance(0);
    assert.deepEqual(told, count === 16 ? [...ids, ...ids] : []);
  }
});

test("what is streamed and is no event tells nobody anything", async () => {
  const { stream, told, clock } = await listening("1");
  stream.say(`data: {"MetricValues": []}\n\n: here\n\ndata: nonsense\n\n`);
  await clock.advance(0);
  assert.deepEqual(told, []);
});

test("a BMC without a stream of events is asked for one again after an hour", async () => {
  const without = [
    { root: () => Response.json({}) },
    { service: () => ({}) },
    { service: () => ({ ServerSentEventUri: "/sse", ServiceEnabled: false }) },
  ];
  for (const answers of without) {
    const { clock, attend, play, looks, opened, events } = bench();
    Object.assign(play, answers);
    attend("1");
    await clock.advance(2 * 60 * MINUTE + 5_000);
    assert.deepEqual(looks, [5_000, 60 * MINUTE + 5_000, 2 * 60 * MINUTE + 5_000]);
    assert.deepEqual([opened.length, events.hears("1")], [0, false]);
  }
});

test("a stream that can't be opened is tried again after pauses that double from 5 s up to 5 minutes", async () => {
  const { clock, attend, play, looks, events } = bench();
  play.stream = () => new Response("No", { status: 400 });
  attend("1");
  await clock.advance(20 * MINUTE);
  const pauses = looks.map((at, index) => (at - (looks[index - 1] ?? 0)) / 1_000);
  assert.deepEqual(pauses, [5, 10, 20, 40, 80, 160, 300, 300]);
  assert.equal(events.hears("1"), false);
});

test("a stream that breaks after a while is opened again in 5 s, and its nodes are told then", async () => {
  for (const how of ["fail", "end"] as const) {
    const { clock, opened, stream, told, events } = await listening("1", "2");
    await clock.advance(MINUTE);
    assert.deepEqual([events.hears("1"), events.hears("2")], [true, true]);
    stream[how]();
    await clock.advance(4_999);
    assert.deepEqual([events.hears("1"), opened.length, told.length], [false, 1, 0]);
    await clock.advance(1);
    assert.deepEqual([events.hears("1"), opened.length, told], [true, 2, ["1", "2"]]);
  }
});

test("a stream in which nothing comes for ten minutes is opened again, and every piece begins these anew", async () => {
  const { clock, opened, stream } = await listening("1");
  await clock.advance(9 * MINUTE);
  stream.say(": here\n\n");
  await clock.advance(10 * MINUTE - 1);
  assert.equal(stream.isCancelled, false);
  await clock.advance(1);
  assert.equal(stream.isCancelled, true);
  await clock.advance(5_000);
  assert.equal(opened.length, 2);
});

test("a stream ends with its last node, and nothing is left then", async () => {
  const { clock, opened, stream, events } = await listening("1", "2");
  events.forget("1");
  await clock.advance(MINUTE);
  assert.deepEqual([stream.isCancelled, events.hears("1"), events.hears("2")], [false, false, true]);
  events.forget("2");
  await clock.advance(10 * MINUTE);
  assert.deepEqual([stream.isCancelled, opened.length, events.hears("2"), clock.waiting], [true, 1, false, 0]);
});

test("a node that leaves before the stream is tried leaves nothing to try", async () => {
  const { clock, attend, looks, events } = bench();
  attend("1");
  events.forget("1");
  events.forget("never there");
  assert.equal(clock.waiting, 0);
  await clock.advance(MINUTE);
  assert.deepEqual(looks, []);
});

test("a stream is kept while who asks for it is the same, and opened anew for somebody else", async () => {
  const { clock, attend, opened, stream } = await listening("1");
  attend("1");
  attend("2", { identity: "operator" }); // the first one's is the stream's
  await clock.advance(MINUTE);
  assert.deepEqual([stream.isCancelled, opened.length], [false, 1]);
  attend("1", { identity: "operator" });
  await clock.advance(5_000);
  assert.deepEqual([stream.isCancelled, opened.map(({ identity }) => identity)], [true, ["admin", "operator"]]);
});

test("a stream is opened anew as another one's when its first node leaves", async () => {
  const { clock, attend, opened, events } = await listening("1");
  attend("2", { identity: "operator" });
  events.forget("1");
  await clock.advance(5_000);
  assert.deepEqual(opened.map(({ identity }) => identity), ["admin", "operator"]);
  assert.equal(events.hears("2"), true);
});

test("a node that has another BMC now is heard there, and the stream of the first one ends", async () => {
  const { clock, attend, opened, stream, told } = await listening("1");
  attend("1", { host: "b" });
  await clock.advance(5_000);
  assert.deepEqual([stream.isCancelled, opened.map(({ host }) => host)], [true, ["a", "b"]]);
  told.splice(0);
  opened[1]?.say(event(`${SYSTEMS}/1`));
  await clock.advance(0);
  assert.deepEqual(told, ["1"]);
});

test("a stream whose controller did not answer is opened anew, and doubt of one that is not open changes nothing", async () => {
  const { clock, opened, stream, events } = await listening("1");
  events.doubt("1");
  events.doubt("never there");
  await clock.advance(5_000);
  assert.deepEqual([stream.isCancelled, opened.length], [true, 2]);
  const other = bench();
  other.play.stream = () => new Response("No", { status: 400 });
  other.attend("1");
  await other.clock.advance(5_000);
  other.events.doubt("1");
  await other.clock.advance(9_999);
  assert.deepEqual(other.looks, [5_000]);
});

test("a stream that has not begun after half a minute is given up, and one that has begun is not", async () => {
  const { clock, attend, opened, play, looks, events } = bench();
  let begun = 0;
  let given = 0;
  play.stream = (signal) => {
    if (begun++ > 0) return undefined;
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        given = clock.now();
        reject(signal.reason);
      });
    });
  };
  attend("1");
  await clock.advance(35_000);
  assert.deepEqual([given, looks], [35_000, [5_000]]);
  await clock.advance(10_000);
  assert.deepEqual([looks.length, events.hears("1")], [2, true]);
  await clock.advance(9 * MINUTE);
  assert.deepEqual([opened.length, opened[0]?.signal.aborted, events.hears("1")], [1, false, true]);
});

test("stop() ends every stream for good", async () => {
  const { clock, attend, opened, events } = await listening("1");
  attend("2", { host: "b" });
  await clock.advance(5_000);
  attend("3", { host: "c" }); // not open yet
  events.stop();
  await clock.advance(10 * MINUTE);
  assert.deepEqual(opened.map(({ isCancelled }) => isCancelled), [true, true]);
  assert.equal(clock.waiting, 0);
});

/** A stream that the test feeds, and its pieces; `log` says what came and how it ended. */
function fed() {
  const log: string[] = [];
  const ended = new AbortController();
  let say = (_text: string): void => {};
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => void (say = (text) => controller.enqueue(new TextEncoder().encode(text))),
    cancel: () => void log.push("cancelled"),
  });
  const pieces = streamPiecesOf(stream, ended.signal, () => void log.push("arrived"));
  return { log, ended, pieces, say: (text: string) => say(text) };
}

test("whoever stops reading a stream in the middle of it ends it", async () => {
  const { log, pieces, say } = fed();
  say("1");
  for await (const piece of pieces) {
    assert.deepEqual(piece, new TextEncoder().encode("1"));
    break;
  }
  assert.deepEqual(log, ["arrived", "cancelled"]);
});

test("a piece that arrives with the end of a stream is none any more", async () => {
  const { log, ended, pieces, say } = fed();
  const next = pieces.next();
  say("1");
  ended.abort(new Error("Not wanted"));
  assert.deepEqual(await next, { done: true, value: undefined });
  assert.deepEqual(log, ["cancelled"]);
});

test("a stream whose reader waits ends with the signal", async () => {
  const { log, ended, pieces } = fed();
  const next = pieces.next();
  ended.abort(new Error("Not wanted"));
  assert.equal((await next).done, true);
  assert.deepEqual(log, ["cancelled"]);
});

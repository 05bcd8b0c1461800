import assert from "node:assert/strict";
import { test } from "node:test";
import { createApp, createRequestContext } from "../../aggregator/http/mod.ts";
import { parseTraceparent } from "../../src/api/mod.ts";
import { createApiClient } from "../../src/api/client/mod.ts";
import { createLog } from "../../src/log.ts";
import { fc } from "../support/property.ts";
import { createTestControl, type TestControl } from "./test_control.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
/** A line of a log, as far as the tests look at it. */
type Line = { message: string; request?: string; trace?: string; method?: string; path?: string; status?: number };

/** An app whose log is of the level debug. */
async function createLoggedApp(): Promise<
  { readonly ask: (request: Request) => Promise<Response>; readonly lines: Line[]; readonly control: TestControl }
> {
  const control = await createTestControl(["n1"]);
  const lines: Line[] = [];
  const requests = createRequestContext();
  const write = (line: string): void => void lines.push(JSON.parse(line));
  const log = createLog(write, { level: "debug", context: requests.fields });
  const app = createApp(control, { metrics: () => [], version: "1", log, requests });
  return { ask: async (request) => await app.fetch(request), lines, control };
}

test("a request has an id, its own or a new one, which its answer and its lines have", async () => {
  const { ask, lines } = await createLoggedApp();
  const get = async (headers: Record<string, string>): Promise<string> => {
    const response = await ask(new Request("http://127.0.0.1/api/v1/nodes", { headers }));
    await response.text();
    return response.headers.get("x-request-id") ?? "";
  };
  assert.equal(await get({ "x-request-id": "job-7.1:a_b" }), "job-7.1:a_b");
  for (const id of ["", "a b", "x".repeat(65), "<script>"]) {
    assert.match(await get({ "x-request-id": id }), /^[0-9a-f-]{36}$/);
  }
  assert.notEqual(await get({}), await get({}));
  const [first] = lines;
  assert.deepEqual([first?.message, first?.request, first?.method, first?.path, first?.status], [
    ...["Answered a request", "job-7.1:a_b", "GET", "/api/v1/nodes", 200],
  ]);
});

test("lines of what went wrong inside have the request's id and its trace", async () => {
  const { ask, lines, control } = await createLoggedApp();
  control.breakDown();
  const headers = { "x-request-id": "broken", traceparent: TRACEPARENT };
  const response = await ask(new Request("http://127.0.0.1/api/v1/nodes", { headers }));
  assert.deepEqual([response.status, response.headers.get("x-request-id")], [500, "broken"]);
  assert.deepEqual(lines.map(({ message, request, trace }) => [message, request, trace]), [
    ["Cannot answer a request", "broken", TRACE],
    ["Answered a request", "broken", TRACE],
  ]);
});

test("requests at the same time keep their ids, and what goes on after an answer has none", async () => {
  const requests = createRequestContext();
  const seen: unknown[] = [];
  let later = Promise.resolve();
  const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
  const work = (request: string) =>
    requests.run({ request }, async () => {
      later = turn().then(turn).then(turn).then(() => void seen.push(requests.fields()));
      await turn();
      seen.push(requests.fields());
    });
  await Promise.all([work("a"), work("b")]);
  await later;
  assert.deepEqual(seen.slice(0, 2), [{ request: "a" }, { request: "b" }]);
  assert.ok(seen.length >= 3 && seen.slice(2).every((fields) => fields === undefined));
  assert.equal(requests.fields(), undefined);
  await assert.rejects(requests.run({ request: "c" }, () => Promise.reject(new Error("failed"))), /failed/);
});

test("a client's trace context goes to the aggregator that it is sent to, too", async () => {
  const [rack, root] = [await createLoggedApp(), await createLoggedApp()];
  rack.control.send({ what: "the root", api: "http://127.0.0.2:1" });
  const client = createApiClient({
    server: "http://127.0.0.1:1",
    traceparent: TRACEPARENT,
    fetch: (url, init) => {
      const request = new Request(url, init);
      return new URL(request.url).hostname === "127.0.0.2" ? root.ask(request) : rack.ask(request);
    },
  });
  const answer = await client.call("patchCfg", { id: "n1", body: { rack: "r1" } });
  assert.ok(answer.ok, JSON.stringify(answer));
  const traces = [rack, root].map(({ lines }) => lines.map(({ status, trace }) => [status, trace]));
  assert.deepEqual(traces, [[[307, TRACE]], [[200, TRACE]]]);
});

test("a traceparent is read as W3C writes it, and anything else is none", () => {
  assert.deepEqual(parseTraceparent(TRACEPARENT), { trace: TRACE, parent: "00f067aa0ba902b7" });
  assert.equal(parseTraceparent(`cc-${TRACE}-00f067aa0ba902b7-01-what-comes`)?.trace, TRACE);
  const wrong = [
    undefined,
    "",
    TRACEPARENT.toUpperCase(),
    `${TRACEPARENT}-more`,
    `ff-${TRACE}-00f067aa0ba902b7-01`,
    `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE.slice(1)}-00f067aa0ba902b7-01`,
    `cc-${TRACE}-00f067aa0ba902b7-01-${"x".repeat(500)}`,
  ];
  assert.deepEqual(wrong.filter((text) => parseTraceparent(text) !== undefined), []);
  fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => parseTraceparent(text) === undefined));
});

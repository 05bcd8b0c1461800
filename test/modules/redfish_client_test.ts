import assert from "node:assert/strict";
import { test } from "node:test";
import { createConcurrency } from "../../modules/power/mod.ts";
import { createRedfishClient, RefusedError } from "../../modules/redfish/client.ts";
import type { Exchange } from "../../modules/redfish/exchange.ts";
import { createOwnNames } from "../../modules/redfish/own_names.ts";
import { BusyError, createRequests, type RedfishRequest } from "../../modules/redfish/requests.ts";
import { type Access, createSessions } from "../../modules/redfish/sessions.ts";
import { UnavailableError } from "../../src/module/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

const ROOT = new URL("http://bmc.test/redfish/v1/");
const SYSTEM = new URL("Systems/1", ROOT);
const ASK = { signal: new AbortController().signal, urgent: true };

interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: { readonly [name: string]: string };
  readonly body: string | undefined;
  readonly signal: AbortSignal;
}

/** A client of a BMC that `answer` plays. */
function bench(answer: (asked: Asked, count: number) => Response | Promise<Response>, most = 32) {
  const clock = createVirtualClock();
  const names = createOwnNames();
  const asked: Asked[] = [];
  const at: number[] = [];
  const exchange: Exchange = async (url, { method, headers, body, signal }) => {
    const own = { method, url, headers, body, signal };
    at.push(clock.now());
    return await answer(own, asked.push(own));
  };
  const requests = createRequests({ clock, names, patience: 30_000, limit: createConcurrency(most) });
  const sessions = createSessions({ requests, farewells: requests, clock, names });
  const client = createRedfishClient({ requests, sessions, clock, names });
  const access: Access = { root: ROOT, exchange, auth: "session", credentials: () => undefined, identity: () => "" };
  /** Waits on the clock for what comes of work. */
  async function ending<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const over = work.finally(() => isOver = true);
    over.catch(() => {});
    await clock.runUntil(() => isOver, 3_600_000);
    return await over;
  }
  return { client, requests, access, asked, at, clock, ending };
}

function error(status: number, message: string, more: object = {}, headers: { [name: string]: string } = {}): Response {
  return Response.json({ error: { message, ...more } }, { status, headers });
}

test("get() reads a resource, by its URI on the BMC", async () => {
  const { client, access, asked } = bench(() => Response.json({ Id: "1" }));
  for (const uri of ["Systems/1", "/redfish/v1/Systems/1", SYSTEM]) {
    assert.deepEqual(await client.get(access, uri, ASK), { Id: "1" });
  }
  assert.deepEqual([...new Set(asked.map(({ method, url }) => `${method} ${url}`))], [`GET ${SYSTEM}`]);
  const [{ headers, body } = { headers: {}, body: "" }] = asked;
  assert.deepEqual(headers, { accept: "application/json", "content-type": "application/json" });
  assert.equal(body, undefined);
});

test("get() tells what is not there, or not for us, from an answer that says nothing", async () => {
  const page = () => new Response("<html>", { headers: { "content-type": "text/html" } });
  const cases: [answer: () => Response, refused: boolean, words: RegExp][] = [
    [
      () => error(403, "Not for you"),
      true,
      /^GET http:\/\/bmc\.test\/redfish\/v1\/Systems\/1 failed: status 403 \(Not for you\)$/,
    ],
    [() => error(404, "None"), true, /status 404/],
    [() => error(499, "None"), true, /status 499/],
    [() => error(500, "Oops"), false, /status 500 \(Oops\)$/],
    [() => error(599, "Oops"), false, /status 599/],
    [page, false, /^GET http.* failed: the answer is a web page$/],
    [() => new Response("[]"), false, /failed: the answer is no JSON object$/],
    [() => new Response(""), false, /failed: the answer is no JSON object$/],
  ];
  for (const [answer, refused, words] of cases) {
    const { client, access } = bench(answer);
    await assert.rejects(client.get(access, SYSTEM, ASK), (found) => {
      assert.ok(found instanceof (refused ? RefusedError : UnavailableError), String(words));
      assert.match(found.message, words);
      return true;
    });
  }
});

test("a URI that a BMC knows only with a slash at its end, or only without, is asked for so", async () => {
  for (const known of ["/redfish/v1/Systems/1", "/redfish/v1/Systems/1/"]) {
    const { client, access, asked } = bench(({ url }) =>
      url.pathname === known ? Response.json({ Id: known }) : error(404, "None")
    );
    for (const uri of ["Systems/1", "Systems/1/"]) assert.deepEqual(await client.get(access, uri, ASK), { Id: known });
    assert.equal(asked.length, 3);
    const request = { method: "PATCH", url: SYSTEM, body: {} } as const;
    assert.ok((await client.send(access, request, ASK)).ok);
  }
});

test("a URI that is there neither with nor without a slash is told of in the words of the first answer", async () => {
  const { client, access, asked } = bench((_asked, count) => error(count === 1 ? 404 : 405, `Answer ${count}`));
  await assert.rejects(client.get(access, SYSTEM, ASK), (found: RefusedError) => {
    assert.equal(found.status, 404);
    return /Answer 1/.test(found.message);
  });
  assert.equal(asked.length, 2);
});

test("a link under the name that a BMC calls itself by leads to the BMC, and another one nowhere", async () => {
  const { client, access, asked } = bench(({ url }) =>
    Response.json({ "@odata.id": `https://bmc.example${url.pathname}`, url: url.href })
  );
  const there = "https://bmc.example/redfish/v1/Systems/1";
  assert.throws(() => client.resolve(access, there), {
    message: `${ROOT} leads to '${there}', which is not on it`,
  });
  await client.get(access, ROOT, ASK);
  await client.get(access, there, ASK);
  assert.equal(asked.at(-1)?.url.href, SYSTEM.href);
  const far = `https://evil.example/${"x".repeat(500)}`;
  assert.throws(() => client.resolve(access, far), (found: Error) => found.message.length < 300);
});

test("send() tells a refusal with its status, and whether the BMC knows that kind of order", async () => {
  const request = { method: "POST", url: SYSTEM, body: { ResetType: "On" } } as const;
  const info = { "@Message.ExtendedInfo": [{ MessageId: "Base.1.8.ActionNotSupported", Message: "No" }] };
  for (const [more, unsupported] of [[info, true], [{}, false]] as const) {
    const { client, access, asked } = bench(() => error(400, "No", more));
    await assert.rejects(client.send(access, request, ASK), (found: RefusedError) => {
      assert.deepEqual([found.name, found.status, found.unsupported], ["RefusedError", 400, unsupported]);
      return /^POST .* failed: status 400 \(No\)$/.test(found.message);
    });
    assert.deepEqual([asked.length, asked[0]?.body], [1, '{"ResetType":"On"}']);
  }
});

test("send() takes a web page for no answer, whatever its status says", async () => {
  const { client, access } = bench(() => new Response("<html>"));
  await assert.rejects(client.send(access, { method: "POST", url: SYSTEM, body: {} }, ASK), {
    name: "UnavailableError",
    message: /expected Redfish$/,
  });
});

const PATCH: RedfishRequest = { method: "PATCH", url: SYSTEM, body: { Boot: {} } };

/** What was sent as entity tags, for a BMC whose system says this of its own, and that takes none or one of them. */
async function tagsFor(system: () => Response, taken?: string, status = 412) {
  const { client, access, asked } = bench(({ method, headers }) => {
    if (method === "GET") return system();
    const tag = headers["if-match"];
    return tag !== undefined && tag === taken ? Response.json({}) : error(tag === undefined ? 428 : status, "Which?");
  });
  const answer = await client.send(access, PATCH, ASK, SYSTEM).catch((found: Error) => found.message);
  const tags = asked.filter(({ method }) => method === "PATCH").map(({ headers }) => headers["if-match"]);
  return { tags, answer: typeof answer === "string" ? answer : answer.status };
}

test("send() names the version of a resource as the BMC says it, without weakness, or any, where it is asked to", async () => {
  const tagged = (etag: string) => () => Response.json({}, { headers: { etag } });
  const all = [undefined, 'W/"7"', '"7"', "*"];
  assert.deepEqual(await tagsFor(tagged('W/"7"'), 'W/"7"'), { tags: all.slice(0, 2), answer: 200 });
  assert.deepEqual(await tagsFor(tagged('W/"7"'), '"7"', 428), { tags: all.slice(0, 3), answer: 200 });
  assert.deepEqual(await tagsFor(tagged('W/"7"'), "*"), { tags: all, answer: 200 });
  assert.deepEqual(await tagsFor(() => Response.json({ "@odata.etag": '"8"' }), "*"), {
    tags: [undefined, '"8"', "*"],
    answer: 200,
  });
  assert.deepEqual(await tagsFor(() => Response.json({ "@odata.etag": 8 }), "*"), {
    tags: [undefined, "*"],
    answer: 200,
  });
  const never = await tagsFor(tagged('W/"7"'));
  assert.deepEqual(never.tags, all);
  assert.match(String(never.answer), /status 412 \(Which\?\)/);
  const refused = await tagsFor(tagged('W/"7"'), undefined, 400);
  assert.deepEqual(refused.tags, all.slice(0, 2), "a refusal for another reason is one");
});

test("send() asks for no version where it is not told whose, nor where nothing is said of one", async () => {
  const { client, access, asked } = bench(() => error(428, "Which?"));
  await assert.rejects(client.send(access, PATCH, ASK), /status 428/);
  assert.equal(asked.length, 1);
  const plain = bench(() => error(400, "No"));
  await assert.rejects(plain.client.send(plain.access, PATCH, ASK, SYSTEM), /status 400/);
  assert.equal(plain.asked.length, 1);
});

test("a session that has ended is begun anew once for a request, and a second refusal is the answer", async () => {
  for (const ends of [1, 2]) {
    let begun = 0;
    let left = ends;
    const { client, access, asked } = bench(({ method, url, headers }) => {
      if (url.pathname === ROOT.pathname) return Response.json({ Links: { Sessions: { "@odata.id": "/sessions" } } });
      if (method === "POST") return Response.json({}, { status: 201, headers: { "x-auth-token": `t${++begun}` } });
      return left-- > 0 ? error(401, "Ended") : Response.json({ token: headers["x-auth-token"] });
    });
    const mine: Access = { ...access, credentials: () => ({ username: "admin", password: "x" }) };
    const got = client.get(mine, SYSTEM, ASK);
    if (ends === 1) assert.deepEqual(await got, { token: "t2" });
    else await assert.rejects(got, /status 401 \(Ended\)/);
    assert.equal(asked.filter(({ url }) => url.pathname === SYSTEM.pathname).length, 2);
  }
});

test("a busy BMC is asked four times with growing pauses, or when it says to, and then told of as busy", async () => {
  for (const status of [503, 429]) {
    const { requests, access, at, ending } = bench(() => error(status, "Not ready"));
    await assert.rejects(ending(requests.send(access.exchange, PATCH, ASK)), (found: Error) => {
      assert.ok(found instanceof BusyError && found instanceof UnavailableError);
      return /^PATCH .* failed: status \d+ \(Not ready\)$/.test(found.message);
    });
    assert.deepEqual(at, [0, 1_000, 3_000, 7_000]);
    const told = bench((_asked, count) =>
      count < 3 ? error(status, "", {}, { "retry-after": "5" }) : Response.json({})
    );
    assert.equal((await told.ending(told.requests.send(told.access.exchange, PATCH, ASK))).status, 200);
    assert.deepEqual(told.at, [0, 5_000, 10_000]);
  }
});

test("a BMC whose sessions are all in use is not asked again: that lasts", async () => {
  const { requests, access, asked } = bench(() => error(503, "The maximum number of sessions is reached"));
  assert.equal((await requests.send(access.exchange, PATCH, ASK)).status, 503);
  assert.equal(asked.length, 1);
});

test("an answer that does not come in time is none, and ends the exchange; who stops waiting is told why", async () => {
  const hangs = ({ signal }: Asked) =>
    new Promise<Response>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const { requests, access, asked, ending, clock } = bench(hangs);
  await assert.rejects(ending(requests.send(access.exchange, PATCH, ASK)), {
    name: "UnavailableError",
    message: `PATCH ${SYSTEM} failed: no answer in 30000 ms`,
  });
  assert.deepEqual([clock.now(), asked[0]?.signal.aborted], [30_000, true]);
  const unwanted = new AbortController();
  const sending = requests.send(access.exchange, PATCH, { ...ASK, signal: unwanted.signal });
  unwanted.abort(new Error("Not wanted"));
  await assert.rejects(sending, { name: "Error", message: "Not wanted" });
});

test("an exchange that fails is told of by its cause, as fetch hides it there", async () => {
  const cases: [thrown: unknown, words: string][] = [
    [new TypeError("fetch failed", { cause: new Error("connection refused") }), "connection refused"],
    [new TypeError("fetch failed", { cause: new Error("") }), "fetch failed"],
    [new TypeError("fetch failed", { cause: "x" }), "fetch failed"],
    ["nothing", "nothing"],
  ];
  for (const [thrown, words] of cases) {
    const { requests, access } = bench(() => Promise.reject(thrown));
    await assert.rejects(requests.send(access.exchange, PATCH, ASK), {
      name: "UnavailableError",
      message: `PATCH ${SYSTEM} failed: ${words}`,
    });
  }
});

test("no more is asked at a time than may be, and what waits between two attempts takes up no room", async () => {
  const answers: ((response: Response) => void)[] = [];
  const { requests, access, asked, clock } = bench(() => new Promise((resolve) => answers.push(resolve)), 1);
  const first = requests.send(access.exchange, { method: "GET", url: SYSTEM }, ASK);
  const second = requests.send(access.exchange, { method: "GET", url: ROOT }, ASK);
  await clock.advance(0);
  assert.equal(asked.length, 1);
  answers[0]?.(error(503, "Not ready"));
  await clock.advance(0);
  assert.deepEqual(asked.map(({ url }) => url.pathname), [SYSTEM.pathname, ROOT.pathname]);
  answers[1]?.(Response.json({}));
  assert.equal((await second).status, 200);
  await clock.advance(1_000);
  answers[2]?.(Response.json({}));
  assert.equal((await first).status, 200);
});

function redirect(status: number, location?: string): Response {
  return new Response(null, { status, headers: location === undefined ? {} : { location } });
}

test("redirects on the BMC are followed with method, body and headers kept", async () => {
  for (const status of [301, 302, 307, 308]) {
    for (const method of ["GET", "POST", "PATCH", "DELETE"] as const) {
      const { requests, access, asked } = bench((_asked, count) =>
        count === 1 ? redirect(status, "/moved?a=1") : Response.json({})
      );
      const request: RedfishRequest = { method, url: SYSTEM, body: { a: 1 }, headers: { "if-match": "*" } };
      assert.equal((await requests.send(access.exchange, request, ASK)).status, 200);
      const [first, second] = asked;
      assert.deepEqual({ ...second, signal: 0, url: second?.url.href }, {
        ...{ ...first, signal: 0, url: "http://bmc.test/moved?a=1" },
      });
      assert.equal(second?.headers["if-match"], "*");
    }
  }
});

test("303 asks for another resource, which is an answer to a question alone", async () => {
  for (const [method, count] of [["GET", 2], ["POST", 1]] as const) {
    const { requests, access, asked } = bench((_asked, count) =>
      count === 1 ? redirect(303, "/moved") : Response.json({})
    );
    await requests.send(access.exchange, { method, url: SYSTEM }, ASK);
    assert.equal(asked.length, count, method);
  }
});

test("what names no place, or is no redirect, is the answer", async () => {
  for (
    const answer of [
      redirect(301),
      redirect(304, "/moved"),
      Response.json({}, { status: 201, headers: { location: "/made" } }),
    ]
  ) {
    const { requests, access, asked } = bench(() => answer);
    assert.equal((await requests.send(access.exchange, PATCH, ASK)).status, answer.status);
    assert.equal(asked.length, 1);
  }
});

test("redirects elsewhere, to where they come from, or more than four are not followed", async () => {
  const elsewhere = bench(() => redirect(301, `https://evil.test/${"x".repeat(500)}`));
  await assert.rejects(elsewhere.requests.send(elsewhere.access.exchange, PATCH, ASK), (found: Error) => {
    assert.ok(found instanceof UnavailableError && found.message.length < 450);
    return /redirects to 'https:\/\/evil\.test.*set the node's '\/bmc\/address' to it/.test(found.message);
  });
  const same = bench(() => redirect(308, SYSTEM.href));
  await assert.rejects(
    same.requests.send(same.access.exchange, PATCH, ASK),
    /redirects to 'http:\/\/bmc\.test.*Systems\/1'/,
  );
  assert.deepEqual([elsewhere.asked.length, same.asked.length], [1, 1]);
  for (const [hops, follows] of [[4, true], [5, false]] as const) {
    const { requests, access, asked } = bench((_asked, count) =>
      count <= hops ? redirect(307, `/hop${count}`) : Response.json({})
    );
    const sending = requests.send(access.exchange, PATCH, ASK);
    if (follows) assert.equal((await sending).status, 200);
    else await assert.rejects(sending, { name: "UnavailableError", message: /redirects in a circle/ });
    assert.equal(asked.length, 5);
  }
});

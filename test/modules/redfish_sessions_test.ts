import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../modules/redfish/exchange.ts";
import { createOwnNames } from "../../modules/redfish/own_names.ts";
import { createRequests } from "../../modules/redfish/requests.ts";
import { type Access, createSessions } from "../../modules/redfish/sessions.ts";
import { createConcurrency } from "../../modules/power/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

const ASK = { signal: new AbortController().signal, urgent: true };
const SESSIONS = "/redfish/v1/SessionService/Sessions";

/** One request that a BMC got: `METHOD /path`, with who asked. */
interface Asked {
  readonly what: string;
  readonly url: URL;
  readonly token: string | undefined;
  readonly body: string;
}

/** Sessions with BMCs that `answer` plays. */
function bench(answer: (asked: Asked) => Response | Promise<Response>) {
  const clock = createVirtualClock();
  const names = createOwnNames();
  const asked: Asked[] = [];
  const exchange: Exchange = async (url, { method, headers, body = "", signal }) => {
    const own = { what: `${method} ${url.pathname}`, url, token: headers["x-auth-token"], body };
    asked.push(own);
    const over = new Promise<never>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
    return await Promise.race([answer(own), over]);
  };
  const parts = { clock, names, patience: 30_000 };
  const requests = createRequests({ ...parts, limit: createConcurrency(32) });
  const sessions = createSessions({ requests, farewells: requests, clock, names });
  function access(host: string, username = "admin", auth: Access["auth"] = "session"): Access {
    const credentials = () => ({ username, password: `secret of ${username}` });
    return { root: new URL(`https://${host}/redfish/v1/`), exchange, credentials, auth, identity: () => username };
  }
  return { clock, sessions, access, asked };
}

let made = 0;
function login(): Response {
  const id = ++made;
  const headers = { "x-auth-token": `token${id}`, location: `${SESSIONS}/${id}` };
  return Response.json({}, { status: 201, headers });
}

function root(sessions = SESSIONS): Response {
  return Response.json({ Links: { Sessions: { "@odata.id": sessions } } });
}

function refusal(status: number, message: string): Response {
  return Response.json({ error: { message } }, { status });
}

/** A BMC that begins sessions, and what it answers otherwise. */
function usual({ what }: Asked): Response {
  return what.startsWith("POST") ? login() : what.startsWith("DELETE") ? new Response(null, { status: 204 }) : root();
}

test("a session is begun once for all who ask at the same time", async () => {
  const { sessions, access, asked } = bench(usual);
  const all = await Promise.all([1, 2, 3].map(() => sessions.present(access("a"), ASK)));
  assert.equal(new Set(all.map(({ headers }) => headers["x-auth-token"])).size, 1);
  assert.equal(asked.filter(({ what }) => what.startsWith("POST")).length, 1);
});

test("what a BMC said of its sessions is forgotten with its last node", async () => {
  const { sessions, access, clock } = bench((own) =>
    own.what.startsWith("POST") ? refusal(503, "Too many sessions") : usual(own)
  );
  const presented = await sessions.present(access("a"), ASK);
  assert.throws(() => sessions.refused(access("a"), presented), /Too many sessions/);
  sessions.leave("https://a");
  await clock.advance(60_000);
  const basic = access("a", "admin", "basic");
  const again = await sessions.present(basic, ASK);
  assert.throws(() => sessions.refused(basic, again), { message: /^https:\/\/a does not take the user and password/ });
});

test("a wrong password that rests is not tried by a node that comes back to its BMC meanwhile", async () => {
  const { sessions, access, asked, clock } = bench((own) =>
    own.what.startsWith("POST") ? refusal(401, "Invalid username or password") : usual(own)
  );
  await assert.rejects(sessions.present(access("a"), ASK), /does not take/);
  sessions.leave("https://a");
  const before = asked.length;
  await assert.rejects(sessions.present(access("a"), ASK), /does not take/);
  assert.equal(asked.length, before);
  await clock.advance(60_000);
  await assert.rejects(sessions.present(access("a"), ASK), /does not take/);
  assert.ok(asked.length > before, "a minute is over");
});

test("user and password go to no other host than the BMC's own, whatever its service root names", async () => {
  const { sessions, access, asked } = bench((own) =>
    own.what.startsWith("GET") ? root(`https://evil.test${SESSIONS}`) : login()
  );
  await assert.rejects(sessions.present(access("a"), ASK), /https:\/\/a\/redfish\/v1\/ has its sessions elsewhere/);
  assert.deepEqual(asked.map(({ what, body }) => what + body), ["GET /redfish/v1/"]);
});

test("a session that has ended makes room for a new one, and leaves those of other users alone", async () => {
  const { sessions, access } = bench(usual);
  const mine = await sessions.present(access("a"), ASK);
  const other = await sessions.present(access("a", "operator"), ASK);
  assert.equal(sessions.refused(access("a"), mine), true);
  const again = await sessions.present(access("a"), ASK);
  assert.notEqual(again.headers["x-auth-token"], mine.headers["x-auth-token"]);
  assert.deepEqual(await sessions.present(access("a", "operator"), ASK), other);
  // One that was refused late does not end the new one.
  assert.equal(sessions.refused(access("a"), mine), true);
  assert.deepEqual(await sessions.present(access("a"), ASK), again);
});

test("a wrong password rests for a minute by credentials, so that others at the same BMC go on", async () => {
  for (const status of [400, 401, 403]) {
    const { sessions, access, asked, clock } = bench((own) =>
      own.body.includes("wrong") ? refusal(status, "Invalid username or password") : usual(own)
    );
    const wrong = () => sessions.present(access("a", "wrong"), ASK);
    const expected = {
      name: "UnavailableError",
      message: "https://a does not take the user and password that it is given",
    };
    await assert.rejects(wrong(), expected);
    await sessions.present(access("a"), ASK);
    await clock.advance(59_999);
    const before = asked.length;
    await assert.rejects(wrong(), expected);
    assert.equal(asked.length, before, "nothing was asked");
    await clock.advance(1);
    await assert.rejects(wrong(), expected);
    assert.ok(asked.length > before, "a minute is over");
  }
});

test("where all sessions are in use, user and password go with each request, and a session is tried again in five minutes", async () => {
  let full = true;
  const { sessions, access, asked, clock } = bench((own) =>
    own.what.startsWith("POST") && full ? refusal(503, "The maximum number of sessions is reached") : usual(own)
  );
  const basic = { authorization: `Basic ${btoa("admin:secret of admin")}` };
  assert.deepEqual((await sessions.present(access("a"), ASK)).headers, basic);
  assert.equal(asked.length, 2, "a full house is not asked over and over");
  full = false;
  await clock.advance(299_999);
  assert.deepEqual((await sessions.present(access("a"), ASK)).headers, basic);
  await clock.advance(1);
  assert.ok((await sessions.present(access("a"), ASK)).headers["x-auth-token"] !== undefined);
});

test("a BMC without room for a session that takes no password with each request rests, with its own words", async () => {
  const { sessions, access, clock } = bench((own) =>
    own.what.startsWith("POST") ? refusal(503, "Too many sessions") : usual(own)
  );
  const presented = await sessions.present(access("a"), ASK);
  const said = /status 503 \(Too many sessions\); it takes no user and password with each request either/;
  assert.throws(() => sessions.refused(access("a"), presented), said);
  await assert.rejects(sessions.present(access("a"), ASK), said);
  await clock.advance(60_000);
  assert.ok((await sessions.present(access("a"), ASK)).headers["authorization"] !== undefined);
});

test("a BMC without sessions gets user and password with each request, and a wrong one is called that", async () => {
  for (const status of [404, 405, 501]) {
    const { sessions, access, clock, asked } = bench((own) =>
      own.what.startsWith("POST") ? refusal(status, "No") : usual(own)
    );
    const presented = await sessions.present(access("a"), ASK);
    assert.ok(presented.headers["authorization"] !== undefined);
    await clock.advance(86_400_000);
    await sessions.present(access("a"), ASK);
    assert.equal(asked.filter(({ what }) => what.startsWith("POST")).length, 1, "it is not asked again");
    assert.throws(() => sessions.refused(access("a"), presented), /does not take the user and password/);
  }
});

test("nobody is anybody where no credentials are needed", async () => {
  const { sessions, access, asked } = bench(usual);
  const open = { ...access("a"), credentials: () => undefined };
  assert.deepEqual(await sessions.present(open, ASK), { headers: {} });
  assert.equal(sessions.refused(open, { headers: {} }), false);
  assert.deepEqual(asked, []);
  const basic = await sessions.present(access("a", "admin", "basic"), ASK);
  assert.ok(basic.headers["authorization"] !== undefined);
  assert.deepEqual(asked, []);
});

test("leave() ends the sessions with one BMC, by whatever name it has them, and no others", async () => {
  const { sessions, access, asked } = bench((own) => {
    if (!own.what.startsWith("POST")) return usual(own);
    return new Response("{}", {
      status: 201,
      headers: { "x-auth-token": "t", location: `https://other.name${SESSIONS}/7` },
    });
  });
  await sessions.present(access("a"), ASK);
  await sessions.present(access("a1"), ASK);
  sessions.leave("https://a");
  await sessions.close();
  const ended = asked.filter(({ what }) => what.startsWith("DELETE"));
  assert.deepEqual(ended.map(({ url, token }) => `${url.href} ${token}`), [
    `https://a${SESSIONS}/7 t`,
    `https://a1${SESSIONS}/7 t`,
  ]);
});

test("close() waits for a session that is just beginning at a slow BMC, to end it as well", async () => {
  const { sessions, access, asked, clock } = bench(async (own) => {
    await new Promise<void>((resolve) => void clock.after(1_500, resolve));
    return usual(own);
  });
  const presenting = sessions.present(access("a"), ASK);
  presenting.catch(() => {});
  await clock.advance(1_000);
  const closing = sessions.close();
  await clock.advance(5_000);
  await closing;
  assert.equal(asked.at(-1)?.what.startsWith("DELETE"), true);
});

test("close() waits no longer than a module may take to stop", async () => {
  let answers = true;
  const { sessions, access, clock } = bench((own) => answers ? usual(own) : new Promise<Response>(() => {}));
  await sessions.present(access("a"), ASK);
  answers = false;
  const from = clock.now();
  const closing = sessions.close().then(() => clock.now() - from);
  await clock.advance(10_000);
  assert.equal(await closing, 4_500);
});

test("who waits for a session may stop waiting, without an end to it for the others", async () => {
  const { sessions, access, clock } = bench(async (own) => {
    await new Promise<void>((resolve) => void clock.after(1_000, resolve));
    return usual(own);
  });
  const impatient = new AbortController();
  const first = sessions.present(access("a"), { signal: impatient.signal, urgent: true });
  const second = sessions.present(access("a"), ASK);
  impatient.abort(new Error("Not wanted"));
  await assert.rejects(first, /Not wanted/);
  await clock.advance(5_000);
  assert.ok((await second).headers["x-auth-token"] !== undefined);
});

test("a BMC that fails to begin a session is asked for one again after a minute", async () => {
  let broken = true;
  const { sessions, access, clock } = bench((own) =>
    own.what.startsWith("POST") && broken ? new Response("", { status: 500 }) : usual(own)
  );
  assert.ok((await sessions.present(access("a"), ASK)).headers["authorization"] !== undefined);
  broken = false;
  await clock.advance(60_000);
  assert.ok((await sessions.present(access("a"), ASK)).headers["x-auth-token"] !== undefined);
});

test("a session is begun where the service root says, under whatever name, or else at the usual place", async () => {
  const roots: [root: object, place: string][] = [
    [{}, SESSIONS],
    [{ Links: { Sessions: { "@odata.id": "/own/Sessions" } } }, "/own/Sessions"],
    [
      {
        "@odata.id": "https://bmc.example/redfish/v1/",
        Links: { Sessions: { "@odata.id": "https://bmc.example/own/Sessions" } },
      },
      "/own/Sessions",
    ],
  ];
  for (const [about, place] of roots) {
    const { sessions, access, asked } = bench((own) => own.what.startsWith("GET") ? Response.json(about) : usual(own));
    await sessions.present(access("a"), ASK);
    assert.deepEqual(asked.map(({ what, url }) => `${what} ${url.host}`), ["GET /redfish/v1/ a", `POST ${place} a`]);
  }
});

test("a session is ended where its BMC says that it is, by header or body, and left where it says nothing", async () => {
  const cases: [body: object, headers: { [name: string]: string }, ends: string[]][] = [
    [{}, { location: `${SESSIONS}/1?a=b` }, [`DELETE ${SESSIONS}/1`]],
    [{ "@odata.id": `${SESSIONS}/2` }, {}, [`DELETE ${SESSIONS}/2`]],
    [{ "@odata.id": 7 }, {}, []],
    [{}, { location: "https://:::" }, []],
  ];
  for (const [body, headers, ends] of cases) {
    const { sessions, access, asked } = bench((own) =>
      own.what.startsWith("POST")
        ? Response.json(body, { status: 201, headers: { "x-auth-token": "t", ...headers } })
        : usual(own)
    );
    await sessions.present(access("a"), ASK);
    await sessions.close();
    assert.deepEqual(asked.map(({ what }) => what).filter((what) => what.startsWith("DELETE")), ends);
  }
});

test("a password that a BMC refused rests its minute also where the BMC was left meanwhile, and a session is begun anew", async () => {
  let isWrong = true;
  const { sessions, access, asked, clock } = bench((own) =>
    own.what.startsWith("POST") && isWrong ? refusal(401, "No") : usual(own)
  );
  await assert.rejects(sessions.present(access("a"), ASK));
  sessions.leave("https://a");
  isWrong = false;
  await clock.advance(59_999);
  await assert.rejects(sessions.present(access("a"), ASK));
  await clock.advance(1);
  const first = await sessions.present(access("a"), ASK);
  sessions.leave("https://a");
  const second = await sessions.present(access("a"), ASK);
  assert.notDeepEqual(first, second);
  assert.equal(asked.filter(({ what }) => what.startsWith("POST")).length, 3);
});

test("a session that fails to begin at last ends none that was begun since", async () => {
  const waiting: ((response: Response) => void)[] = [];
  const { sessions, access, asked } = bench((own) =>
    waiting.length === 0 ? new Promise<Response>((resolve) => waiting.push(resolve)) : usual(own)
  );
  const first = sessions.present(access("a"), ASK);
  first.catch(() => {});
  sessions.leave("https://a");
  const second = await sessions.present(access("a"), ASK);
  waiting[0]?.(root("https://evil.test/Sessions"));
  await assert.rejects(first, /has its sessions elsewhere/);
  assert.deepEqual(await sessions.present(access("a"), ASK), second);
  assert.equal(asked.filter(({ what }) => what.startsWith("POST")).length, 1);
});

test("a session is tried again once for all who ask at the same time after five minutes without", async () => {
  let isFull = true;
  const { sessions, access, asked, clock } = bench((own) =>
    own.what.startsWith("POST") && isFull ? refusal(503, "Too many sessions") : usual(own)
  );
  await sessions.present(access("a"), ASK);
  isFull = false;
  await clock.advance(300_000);
  await Promise.all([1, 2, 3].map(() => sessions.present(access("a"), ASK)));
  assert.equal(asked.filter(({ what }) => what.startsWith("POST")).length, 2);
});

test("a token without success is no session", async () => {
  const { sessions, access } = bench((own) =>
    own.what.startsWith("POST") ? Response.json({}, { status: 500, headers: { "x-auth-token": "t" } }) : usual(own)
  );
  const { headers } = await sessions.present(access("a"), ASK);
  assert.equal(headers["x-auth-token"], undefined);
  assert.ok(headers["authorization"] !== undefined);
});

test("who does not wait any more is given no session", async () => {
  const { sessions, access } = bench(usual);
  const ask = { signal: AbortSignal.abort(new Error("Not wanted")), urgent: true };
  await assert.rejects(sessions.present(access("a"), ask), /Not wanted/);
  assert.ok((await sessions.present(access("a"), ASK)).headers["x-auth-token"] !== undefined);
});

test("a user's name and password are sent as UTF-8", async () => {
  const { sessions, access } = bench(usual);
  const odd = { ...access("a", "admin", "basic"), credentials: () => ({ username: "ö", password: "p:€" }) };
  const { headers } = await sessions.present(odd, ASK);
  const sent = Buffer.from((headers["authorization"] ?? "").slice(6), "base64").toString("utf8");
  assert.equal(sent, "ö:p:€");
});

test("a BMC that was left is not said to have no room for a session any more", async () => {
  const { sessions, access } = bench((own) =>
    own.what.startsWith("POST") ? refusal(503, "Too many sessions") : usual(own)
  );
  await sessions.present(access("a"), ASK);
  sessions.leave("https://a");
  const basic = access("a", "admin", "basic");
  const presented = await sessions.present(basic, ASK);
  const message = "https://a does not take the user and password that it is given";
  assert.throws(() => sessions.refused(basic, presented), { message });
});

test("the token of a BMC that was left ends no session that begins there since, and that one is ended as well", async () => {
  let isHeld = false;
  const held: (() => void)[] = [];
  const { sessions, access, asked, clock } = bench((own) =>
    isHeld && own.what.startsWith("POST")
      ? new Promise<Response>((resolve) => held.push(() => resolve(login())))
      : usual(own)
  );
  const old = await sessions.present(access("a"), ASK);
  sessions.leave("https://a");
  isHeld = true;
  const beginning = sessions.present(access("a"), ASK);
  await clock.advance(0);
  assert.equal(held.length, 1);
  assert.equal(sessions.refused(access("a"), old), true);
  for (const answer of held) answer();
  const fresh = await beginning;
  assert.deepEqual(await sessions.present(access("a"), ASK), fresh, "it is the one that began");
  await sessions.close();
  const ended = asked.filter(({ what }) => what.startsWith("DELETE")).map(({ token }) => token);
  assert.deepEqual(ended, [old, fresh].map(({ headers }) => headers["x-auth-token"]));
});

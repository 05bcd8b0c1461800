import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer as createPlainServer, type RequestListener } from "node:http";
import { createServer } from "node:https";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { test } from "node:test";
import { createConnections } from "../../modules/redfish/connections.ts";
import { type ExchangeInit, FingerprintError, type TlsPeer } from "../../modules/redfish/exchange.ts";
import type { TlsHelper } from "../../modules/redfish/tls_helper.ts";
import { runtimeOf } from "../../modules/redfish/tls_options.ts";
import { withFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { makeCertificate, type Pair } from "./bmc_fixture.ts";
import { serverHello } from "./tls_fixture.ts";

const ANYBODY: TlsPeer = { trust: { kind: "anybody" }, oldest: "1.2" };
const { signal } = new AbortController();
const GET: ExchangeInit = { method: "GET", redirect: "manual", headers: {}, signal };
const POST: ExchangeInit = { ...GET, method: "POST", body: "{}" };
const STREAM: ExchangeInit = { ...GET, headers: { accept: "text/event-stream" } };

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A helper that is there or not, and what it was asked. */
function playHelper(isThere = true) {
  const asked: string[] = [];
  const helper: TlsHelper & { readonly asked: string[]; closed: boolean } = {
    ...{ asked, closed: false, isThere: () => isThere },
    async exchange(_url, { method }, _peer, keeps) {
      asked.push(`${method} ${keeps}`);
      return new Response("by the helper");
    },
    close: () => void (helper.closed = true),
  };
  return helper;
}

let shared: Promise<Pair> | undefined;
/** One certificate for all: to make one takes longer than a test. */
function certificateOfBmc(): Promise<Pair> {
  return shared ??= new Promise((resolve) =>
    void withFolder(async (folder) => resolve(makeCertificate(folder, "bmc")))
  );
}

/** A BMC behind TLS, how many connections it had and has, and a module's connections on a clock that the test moves. */
async function withBmc(
  answer: RequestListener,
  run: (bench: {
    readonly clock: ReturnType<typeof createVirtualClock>;
    readonly connections: ReturnType<typeof createConnections>;
    /** Asks as somebody who trusts like this. @returns The number of connections so far. */
    readonly send: (init: ExchangeInit, peer?: TlsPeer, origin?: string) => Promise<number>;
    readonly open: ReadonlySet<Socket>;
    readonly url: URL;
  }) => Promise<void>,
): Promise<void> {
  const { key, certificate } = await certificateOfBmc();
  const open = new Set<Socket>();
  let total = 0;
  const server = createServer({ key, cert: certificate }, answer);
  server.on("secureConnection", (socket: Socket) => {
    total++;
    open.add(socket);
    socket.on("error", () => {}).on("close", () => open.delete(socket));
  });
  server.on("tlsClientError", () => {});
  server.keepAliveTimeout = 120_000;
  const url = new URL(`https://127.0.0.1:${await listen(server)}/redfish/v1/`);
  const clock = createVirtualClock();
  const connections = createConnections(clock, playHelper(false));
  try {
    await run({
      ...{ clock, connections, open, url },
      async send(init, peer = ANYBODY, origin = url.origin) {
        const response = await connections.exchange(origin, peer)(url, init);
        await response.text();
        return total;
      },
    });
  } finally {
    connections.close();
    server.closeAllConnections();
    server.close();
  }
}

const ok: RequestListener = (_request, answer) => void answer.end("{}");

test("one connection to a BMC is kept for questions, and for orders while it was used within five seconds", async () => {
  await withBmc(ok, async ({ send, clock }) => {
    assert.equal(await send(GET), 1);
    await clock.advance(50_000);
    assert.equal(await send(GET), 1);
    await clock.advance(5_000);
    assert.equal(await send(POST), 1);
    await clock.advance(5_001);
    assert.equal(await send(POST), 2, "an order is risked on no connection that may have been closed");
    assert.equal(await send(POST), 3, "and its own is not kept");
    assert.equal(await send(GET), 3);
  });
});

test("the first order to a BMC and a stream of events have connections of their own", async () => {
  await withBmc(ok, async ({ send, open }) => {
    assert.equal(await send(POST), 1);
    assert.equal(await send(GET), 2);
    assert.equal(await send(STREAM), 3);
    await until(() => assert.equal(open.size, 1));
    assert.equal(await send(GET), 3);
  });
});

test("an order has its length in bytes, and a question has neither body nor length", async () => {
  const seen: unknown[] = [];
  await withBmc((request, answer) => {
    let body = "";
    request.on("data", (piece) => body += String(piece)).on("end", () => {
      seen.push([request.headers["content-length"], request.headers["transfer-encoding"], body]);
      answer.end("{}");
    });
  }, async ({ send }) => {
    await send({ ...POST, body: '{"a":"ö"}' });
    await send(GET);
    assert.deepEqual(seen, [["10", undefined, '{"a":"ö"}'], [undefined, undefined, ""]]);
  });
});

test("a BMC is trusted for an authority that is given, and not without it", async () => {
  await withBmc(ok, async ({ send }) => {
    const { certificate } = await certificateOfBmc();
    assert.equal(await send(GET, { trust: { kind: "authorities", ca: certificate }, oldest: "1.2" }), 1);
    await assert.rejects(send(GET, { trust: { kind: "authorities" }, oldest: "1.2" }), { name: "NotSentError" });
  });
});

test("a BMC that has another certificate than the only one that is trusted is sent nothing", async () => {
  let asked = 0;
  await withBmc((_request, answer) => {
    asked++;
    answer.end("{}");
  }, async ({ send, open }) => {
    const found = (await certificateOfBmc()).fingerprint.toUpperCase();
    const wrong = `${found.slice(0, 63)}${found.endsWith("0") ? "1" : "0"}`;
    await assert.rejects(send(GET, { trust: { kind: "fingerprint", fingerprint: wrong }, oldest: "1.2" }), {
      name: "FingerprintError",
      message: `its certificate has the fingerprint ${found}: expected ${wrong}`,
    });
    await until(() => assert.equal(open.size, 0));
    assert.equal(asked, 0);
  });
});

test("a certificate that is refused as it is seen ends its connection before anything is sent", async () => {
  let asked = 0;
  await withBmc((_request, answer) => {
    asked++;
    answer.end("{}");
  }, async ({ send, open }) => {
    const { fingerprint } = await certificateOfBmc();
    const seen: string[] = [];
    const refusing: TlsPeer = {
      ...ANYBODY,
      seen(der) {
        seen.push(createHash("sha256").update(der).digest("hex").toUpperCase());
        throw new FingerprintError("It is another one");
      },
    };
    for (const init of [GET, POST]) {
      await assert.rejects(send(init, refusing), { name: "FingerprintError", message: "It is another one" });
      await until(() => assert.equal(open.size, 0));
    }
    assert.deepEqual([asked, seen], [0, [fingerprint.toUpperCase(), fingerprint.toUpperCase()]]);
  });
});

test("a BMC that hangs up instead of answering an order fails it, as it may have been read", async () => {
  for (const how of ["end", "destroy"] as const) {
    await withBmc((request) => void request.socket[how](), async ({ send }) => {
      await assert.rejects(send(POST), (error: Error) => error.name !== "NotSentError");
    });
  }
});

test("a connection of one trust is not used for another, nor of other versions of TLS", async () => {
  await withBmc(ok, async ({ send }) => {
    const { fingerprint } = await certificateOfBmc();
    const known = { trust: { kind: "fingerprint", fingerprint: fingerprint.toUpperCase() } } as const;
    assert.equal(await send(GET), 1);
    assert.equal(await send(GET, { ...ANYBODY, ...known }), 2);
    assert.equal(await send(GET, { ...ANYBODY, oldest: "1.3" }), 3);
    assert.equal(await send(GET, { ...ANYBODY, ...known }), 3);
  });
});

test("a connection that nobody has used for one to two minutes is closed, and one that is used is not", async () => {
  await withBmc(ok, async ({ send, clock, open }) => {
    await send(GET);
    for (let turn = 0; turn < 4; turn++) {
      await clock.advance(50_000);
      assert.equal(await send(GET), 1);
    }
    await clock.advance(59_999);
    assert.equal(open.size, 1);
    await clock.advance(60_001);
    await until(() => assert.equal(open.size, 0));
    await clock.advance(120_000);
    assert.equal(clock.waiting, 0, "nothing is left to look after");
  });
});

test("no more than 512 BMCs have a connection kept: the one that was used longest ago is closed", async () => {
  await withBmc(ok, async ({ send, connections, open }) => {
    await send(GET, ANYBODY, "https://first");
    await send(GET, ANYBODY, "https://second");
    const closed = new URL("https://127.0.0.1:1/");
    const unwanted = { ...GET, signal: AbortSignal.abort(new Error("Not wanted")) };
    const others = Array.from({ length: 510 }, (_, at) => connections.exchange(`https://bmc${at}`, ANYBODY));
    await Promise.all(others.map((other) => assert.rejects(other(closed, unwanted), /Not wanted/)));
    assert.equal(open.size, 2);
    await send(GET, ANYBODY, "https://first");
    await assert.rejects(connections.exchange("https://bmc510", ANYBODY)(closed, unwanted));
    await until(() => assert.equal(open.size, 1));
    assert.equal(await send(GET, ANYBODY, "https://first"), 2, "that one was used since");
  });
});

test("a question is asked again where its kept connection turns out to be closed, and an order never", async () => {
  let breaks = false;
  const asked: (string | undefined)[] = [];
  await withBmc((request, answer) => {
    asked.push(request.method);
    if (!breaks) return void answer.end("{}");
    breaks = false;
    request.socket.destroy();
  }, async ({ send }) => {
    await send(GET);
    breaks = true;
    assert.equal(await send(GET), 2);
    await send(GET);
    breaks = true;
    await assert.rejects(send(POST));
    assert.deepEqual(asked, ["GET", "GET", "GET", "GET", "POST"]);
  });
});

test("an answer without a body has none, and leaves its connection to the next question", async () => {
  let status = 204;
  await withBmc((_request, answer) => {
    answer.writeHead(status);
    answer.end();
  }, async ({ send, connections, url }) => {
    for (status of [204, 205, 304]) {
      const response = await connections.exchange(url.origin, ANYBODY)(url, GET);
      assert.deepEqual([response.status, response.body], [status, null]);
      await new Promise((resolve) => setTimeout(resolve, 20)); // until the connection is free again
    }
    status = 200;
    assert.equal(await send(GET), 1);
  });
});

test("an answer with a status that HTTP has not is none, and ends with its connection", async () => {
  for (const status of [600, 999]) {
    await withBmc((_request, answer) => {
      answer.writeHead(status);
      answer.write("{");
    }, async ({ send, open }) => {
      await assert.rejects(send(POST), {
        message: `it answers with status ${status}, which is not a valid HTTP status`,
      });
      await until(() => assert.equal(open.size, 0));
    });
  }
});

test("the last status that HTTP has is an answer like any other", async () => {
  await withBmc((_request, answer) => {
    answer.writeHead(599);
    answer.end("{}");
  }, async ({ connections, url }) => {
    assert.equal((await connections.exchange(url.origin, ANYBODY)(url, GET)).status, 599);
  });
});

test("headers that come several times are one, and a body that is not read ends with its connection", async () => {
  await withBmc((_request, answer) => {
    answer.setHeader("set-cookie", ["a=1", "b=2"]);
    answer.setHeader("etag", '"7"');
    answer.write("{");
  }, async ({ connections, url, open }) => {
    const response = await connections.exchange(url.origin, ANYBODY)(url, GET);
    assert.deepEqual(["set-cookie", "etag"].map((name) => response.headers.get(name)), ["a=1, b=2", '"7"']);
    assert.equal(open.size, 1);
    await response.body?.cancel();
    await until(() => assert.equal(open.size, 0));
  });
});

test("what is not wanted any more is not done once more on another connection", async () => {
  for (const init of [GET, POST]) {
    const unwanted = new AbortController();
    let asked = 0;
    await withBmc((_request, answer) => {
      if (asked++ === 0) return void answer.end("{}");
      unwanted.abort(new Error("Not wanted"));
    }, async ({ send, open }) => {
      await send(GET);
      await assert.rejects(send({ ...init, signal: unwanted.signal }), /Not wanted/);
      await until(() => assert.equal(open.size, 0));
      await new Promise((resolve) => setTimeout(resolve, 50)); // what would be sent would be by then
      assert.equal(asked, 2, init.method);
    });
  }
});

test("an answer that is not wanted any more ends in the middle, with its connection", async () => {
  for (const keeps of [true, false]) {
    await withBmc((_request, answer) => void answer.write("{"), async ({ connections, url, open }) => {
      const unwanted = new AbortController();
      const init = { ...(keeps ? GET : STREAM), signal: unwanted.signal };
      const response = await connections.exchange(url.origin, ANYBODY)(url, init);
      const reading = response.text();
      unwanted.abort(new Error("Not wanted"));
      await assert.rejects(reading);
      await until(() => assert.equal(open.size, 0));
    });
  }
});

test("a BMC that says nothing while TLS begins is left with what is not wanted any more", async () => {
  const open = new Set<Socket>();
  const server = createTcpServer((socket) => {
    open.add(socket);
    socket.on("error", () => {}).on("close", () => open.delete(socket)).resume();
  });
  const url = new URL(`https://127.0.0.1:${await listen(server)}/`);
  const connections = createConnections(createVirtualClock(), playHelper());
  const unwanted = new AbortController();
  const asking = connections.exchange(url.origin, ANYBODY)(url, { ...GET, signal: unwanted.signal });
  asking.catch(() => {});
  await until(() => assert.equal(open.size, 1));
  unwanted.abort(new Error("Not wanted"));
  await assert.rejects(asking, /Not wanted/);
  await until(() => assert.equal(open.size, 0));
  connections.close();
  server.close();
});

test("close() closes every connection and the helper", async () => {
  const { key, certificate } = await certificateOfBmc();
  const server = createServer({ key, cert: certificate }, ok);
  let open = 0;
  server.on("secureConnection", (socket) => {
    open++;
    socket.on("close", () => open--);
  });
  const url = new URL(`https://127.0.0.1:${await listen(server)}/`);
  const clock = createVirtualClock();
  const helper = playHelper(false);
  const connections = createConnections(clock, helper);
  await (await connections.exchange(url.origin, ANYBODY)(url, GET)).text();
  assert.equal(open, 1);
  connections.close();
  await until(() => assert.equal(open, 0));
  assert.deepEqual([helper.closed, clock.waiting], [true, 0]);
  server.close();
});

test("a BMC without TLS is asked by its http URL", async () => {
  const server = createPlainServer(ok);
  const url = new URL(`http://127.0.0.1:${await listen(server)}/`);
  const connections = createConnections(createVirtualClock(), playHelper());
  const response = await connections.exchange(url.origin, ANYBODY)(url, { ...GET, headers: { connection: "close" } });
  assert.equal(await response.text(), "{}");
  connections.close();
  server.close();
});

/** A server that says these bytes to everybody who connects, and how many did. */
async function withWords(
  bytes: Uint8Array | string,
  run: (url: URL, asked: () => number) => Promise<void>,
): Promise<void> {
  let asked = 0;
  const server = createTcpServer((socket) => {
    asked++;
    socket.on("error", () => {}).once("data", () => socket.end(bytes));
  });
  const url = new URL(`https://127.0.0.1:${await listen(server)}/`);
  await run(url, () => asked);
  server.close();
}

test("what a server says first is looked at once a minute where TLS with it fails", async () => {
  await withWords("220 smtp.example\r\n", async (url, asked) => {
    const clock = createVirtualClock();
    const connections = createConnections(clock, playHelper(false));
    const fails = () =>
      assert.rejects(connections.exchange(url.origin, ANYBODY)(url, GET), {
        name: "NotSentError",
        message: /^it does not use TLS on this port/,
      });
    await fails();
    assert.equal(asked(), 2, "one to find out why");
    await clock.advance(59_999);
    await fails();
    assert.equal(asked(), 3);
    await clock.advance(1);
    await fails();
    assert.equal(asked(), 5);
    connections.close();
  });
});

test("a BMC that can't be reached is told of in the network's words", async () => {
  const connections = createConnections(createVirtualClock(), playHelper());
  const closed = new URL("https://127.0.0.1:1/");
  await assert.rejects(connections.exchange(closed.origin, ANYBODY)(closed, GET), (error: Error) => {
    assert.ok(error.cause instanceof Error && "code" in error.cause);
    assert.equal(error.cause.code, "ECONNREFUSED");
    return error.name === "NotSentError" && /ECONNREFUSED|refused/.test(error.message);
  });
  connections.close();
});

test("where Deno can't speak a BMC's TLS the helper does, at once the next time", async () => {
  await withWords(serverHello({ cipher: 0x002f }), async (url, asked) => {
    const helper = playHelper();
    const connections = createConnections(createVirtualClock(), helper, "deno");
    const ask = async (init: ExchangeInit) => await (await connections.exchange(url.origin, ANYBODY)(url, init)).text();
    assert.equal(await ask(POST), "by the helper");
    assert.equal(asked(), 2);
    assert.equal(await ask(GET), "by the helper");
    assert.equal(await ask(STREAM), "by the helper");
    assert.equal(asked(), 2);
    assert.deepEqual(helper.asked, ["POST true", "GET true", "GET false"]);
    connections.close();
  });
});

test("the helper is not asked where another runtime would do no better, or there is none", async () => {
  const cases = [
    { hello: serverHello({ cipher: 0x002f }), runtime: "node", isThere: true },
    { hello: serverHello({ cipher: 0x002f }), runtime: "deno", isThere: false },
    { hello: serverHello({}), runtime: "deno", isThere: true },
  ] as const;
  for (const { hello, runtime, isThere } of cases) {
    await withWords(hello, async (url) => {
      const helper = playHelper(isThere);
      const connections = createConnections(createVirtualClock(), helper, runtime);
      await assert.rejects(connections.exchange(url.origin, ANYBODY)(url, GET), { name: "NotSentError" });
      assert.deepEqual(helper.asked, [], JSON.stringify({ runtime, isThere }));
      connections.close();
    });
  }
});

test("weak TLS is the helper's at once on Deno, where there is one, and no other runtime's", async () => {
  const cases = [
    { runtime: "deno", oldest: "1.0", isThere: true, helps: true },
    { runtime: "deno", oldest: "1.2-legacy", isThere: true, helps: true },
    { runtime: "deno", oldest: "1.2", isThere: true, helps: false },
    { runtime: "deno", oldest: "1.0", isThere: false, helps: false },
    { runtime: "node", oldest: "1.0", isThere: true, helps: false },
    { runtime: "bun", oldest: "1.0", isThere: true, helps: false },
  ] as const;
  for (const { runtime, oldest, isThere, helps } of cases) {
    const helper = playHelper(isThere);
    const connections = createConnections(createVirtualClock(), helper, runtime);
    const closed = new URL("https://127.0.0.1:1/");
    const asking = connections.exchange(closed.origin, { ...ANYBODY, oldest })(closed, GET);
    await asking.catch(() => {});
    assert.equal(helper.asked.length, helps ? 1 : 0, JSON.stringify({ runtime, oldest, isThere }));
    connections.close();
  }
});

test("runtimeOf() tells Deno and Bun from Node, whose version they have too", () => {
  assert.equal(runtimeOf({ deno: "2", node: "22" }), "deno");
  assert.equal(runtimeOf({ bun: "1", node: "22" }), "bun");
  assert.equal(runtimeOf({ node: "22" }), "node");
});

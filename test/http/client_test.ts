import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { test } from "node:test";
import { getHttp, postJson } from "../../src/http_client.ts";

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

/** Runs something against a server at a port of its own. */
async function withServer(handle: Handle, run: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await run(urlOf(server.address()));
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function urlOf(address: ReturnType<ReturnType<typeof createServer>["address"]>): string {
  assert.ok(typeof address === "object" && address !== null);
  return `http://127.0.0.1:${address.port}`;
}

const LIMIT = { maxBytes: 100 };
const never = new AbortController().signal;

test("postJson() sends JSON and reads status and text, in however many pieces they come", async () => {
  const heard: string[] = [];
  await withServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk) => text += chunk).on("end", () => {
      heard.push(`${request.method} ${request.url} ${request.headers["content-type"]} ${text}`);
      const bytes = new TextEncoder().encode('{"name":"nö"}');
      response.writeHead(403);
      response.write(bytes.subarray(0, 11)); // in the middle of a character
      response.end(bytes.subarray(11));
    });
  }, async (url) => {
    const answer = await postJson(`${url}/x`, { token: "t" }, { ...LIMIT, signal: never });
    assert.deepEqual(answer, { status: 403, text: '{"name":"nö"}' });
  });
  assert.deepEqual(heard, ['POST /x application/json {"token":"t"}']);
});

test("postJson() follows no redirect", async () => {
  await withServer((_request, response) => response.writeHead(307, { location: "/there" }).end(), async (url) => {
    assert.equal((await postJson(url, {}, { ...LIMIT, signal: never })).status, 307);
  });
});

test("postJson() refuses an answer that is longer than it may be", async () => {
  await withServer((_request, response) => response.end("x".repeat(101)), async (url) => {
    await assert.rejects(postJson(url, {}, { ...LIMIT, signal: never }), /The answer has more than 100 bytes/);
  });
  await withServer((_request, response) => response.end("x".repeat(100)), async (url) => {
    assert.equal((await postJson(url, {}, { ...LIMIT, signal: never })).text.length, 100);
  });
});

test("postJson() ends with the signal's reason, before, while and after the answer begins", async () => {
  for (const begin of [false, true]) {
    const control = new AbortController();
    const handle: Handle = (_request, response) => {
      const abort = () => control.abort(new Error("enough"));
      if (begin) response.write("x", abort);
      else abort();
    };
    await withServer(handle, async (url) => {
      await assert.rejects(postJson(url, {}, { ...LIMIT, signal: control.signal }), /enough/);
      await assert.rejects(postJson(url, {}, { ...LIMIT, signal: control.signal }), /enough/);
    });
  }
});

test("postJson() fails when nobody is there, and when the connection is cut in the middle of the answer", async () => {
  const server = createTcpServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = urlOf(server.address());
  await assert.rejects(postJson(url, {}, { ...LIMIT, signal: never }));
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(postJson(url, {}, { ...LIMIT, signal: never }));
});

/** Everything of an answer's body. */
async function textOf(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body ?? []) text += decoder.decode(chunk, { stream: true });
  return text;
}

test("getHttp() sends headers, and gives status, headers and bytes", async () => {
  await withServer((request, response) => {
    response.writeHead(206, { "ETag": '"1"', "content-length": "5" }).end(`${request.headers["range"]}`.slice(0, 5));
  }, async (url) => {
    const { status, headers, body } = await getHttp(url, { headers: { range: "bytes=3-" }, signal: never });
    assert.deepEqual([status, headers.get("etag"), headers.get("content-length"), headers.get("x")], [
      206,
      '"1"',
      "5",
      null,
    ]);
    assert.equal(await textOf(body), "bytes");
  });
});

test("getHttp() follows up to five redirects", async () => {
  let served = 0;
  await withServer((request, response) => {
    served++;
    const left = Number(request.url?.slice(1));
    if (left === 0) response.end("there");
    else response.writeHead(302, { location: `${left - 1}` }).end();
  }, async (url) => {
    assert.equal(await textOf((await getHttp(`${url}/5`, { headers: {}, signal: never })).body), "there");
    served = 0;
    await assert.rejects(getHttp(`${url}/6`, { headers: {}, signal: never }), /redirects more than 5 times/);
    assert.equal(served, 6);
  });
});

test("getHttp() ends while the body is read, by the signal or by who reads", async () => {
  await withServer((_request, response) => {
    response.write("x".repeat(1000));
  }, async (url) => {
    const control = new AbortController();
    const { body } = await getHttp(url, { headers: {}, signal: control.signal });
    await assert.rejects(async () => {
      for await (const _chunk of body ?? []) control.abort(new Error("enough"));
    }, /enough/);
    await (await getHttp(url, { headers: {}, signal: never })).body?.cancel();
  });
});

test("getHttp() and postJson() refuse other schemes", async () => {
  await assert.rejects(getHttp("ftp://127.0.0.1/", { headers: {}, signal: never }), /expected http: or https:/);
  await assert.rejects(postJson("file:///etc/passwd", {}, { ...LIMIT, signal: never }), /expected http: or https:/);
});

import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { type HttpServer, serve } from "../../aggregator/http/mod.ts";
import { until } from "../support/until.ts";
import type { TestControl } from "./test_control.ts";
import { assertProblem, createTestApp, send } from "./support.ts";

/** The longest that a test waits, in milliseconds. */
const LIMIT = 60_000;

/** Runs something against a server on a free port, which ends with it. */
async function serving(
  run: (url: string, control: TestControl, server: HttpServer, end: () => void) => Promise<void>,
): Promise<void> {
  const { app, control } = await createTestApp();
  const controller = new AbortController();
  const served = await serve(app, { host: "127.0.0.1", port: 0, signal: controller.signal });
  assert.ok(served.ok, served.ok ? "" : served.problem);
  try {
    await run(`http://127.0.0.1:${served.value.port}`, control, served.value, () => controller.abort());
  } finally {
    controller.abort();
    await served.value.closed;
  }
}

async function textOf(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part);
  return Buffer.concat(parts).toString();
}

test(
  "serve() answers on the port that it got, HEAD and keep-alive included",
  { timeout: LIMIT },
  () =>
    serving(async (url) => {
      assert.equal((await (await fetch(`${url}/healthz`)).json()).status, "ok");
      const head = await fetch(`${url}/api/v1/nodes`, { method: "HEAD" });
      assert.equal(head.status, 200);
      assert.equal(await head.text(), "");
      const patch = await fetch(
        `${url}/api/v1/nodes/n1/cfg`,
        send("PATCH", { physState: "POWER_ON" }, { "if-match": "*" }),
      );
      assert.equal(patch.status, 200);
      assert.equal((await patch.json()).cfg.physState, "POWER_ON");
      const known = await fetch(`${url}/api/v1/nodes/n1/cfg`, { headers: { "if-none-match": '"0.1.2"' } });
      assert.equal(known.status, 304);
    }),
);

test("serve() refuses every address that others can reach, and says why", async () => {
  const { app } = await createTestApp();
  for (const host of ["0.0.0.0", "::", "192.168.1.1", "example.org", "127.0.0.1.example.org", ""]) {
    const served = await serve(app, { host, port: 0, signal: new AbortController().signal });
    assert.ok(!served.ok);
    assert.match(served.problem, /^Cannot listen on '.*': HTTP has no authentication yet/);
  }
});

test("serve() says what to do when the port is in use", async () => {
  const { app } = await createTestApp();
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  try {
    const served = await serve(app, { host: "127.0.0.1", port, signal: new AbortController().signal });
    assert.deepEqual(served, {
      ok: false,
      problem: `Cannot listen on 127.0.0.1:${port} as the port is in use: ` +
        "stop the other program or choose another with --http-port",
    });
  } finally {
    other.close();
  }
});

test(
  "serve() refuses a body that is too long, whether its length is told or not, and goes on",
  { timeout: LIMIT },
  () =>
    serving(async (url, control) => {
      const cfg = `${url}/api/v1/nodes/n1/cfg`;
      const body = JSON.stringify({ platform: "x".repeat(2 * 1024 * 1024) });
      const headers = { "content-type": "application/json" };
      await assertProblem(await fetch(cfg, { method: "PATCH", headers, body }), 413, /more than 1048576 bytes/);

      // Without a length, in chunks, as no client library would send it.
      const socket = connect(Number(new URL(url).port), "127.0.0.1");
      const answered = textOf(socket);
      socket.on("error", () => {}); // the server may hang up while we still send
      socket.write(
        "PATCH /api/v1/nodes/n1/cfg HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n" +
          "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
      );
      const piece = "x".repeat(64 * 1024);
      for (let sent = 0; sent < 32; sent += 1) socket.write(`${piece.length.toString(16)}\r\n${piece}\r\n`);
      socket.write("0\r\n\r\n");
      assert.match(await answered, /^HTTP\/1\.1 413 /);
      assert.equal(control.find("n1")?.cfg.get("/platform"), "sim");
      assert.equal((await fetch(`${url}/healthz`)).status, 200);
    }),
);

test("serve() refuses requests under a foreign host name", { timeout: LIMIT }, () =>
  serving(async (url) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.write("GET /api/v1/nodes HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    assert.match(await textOf(socket), /^HTTP\/1\.1 403 [^]*Cannot answer as 'evil\.example'/);
  }));

test(
  "serve() streams events as they happen, and forgets a client that hangs up",
  { timeout: LIMIT },
  () =>
    serving(async (url, control) => {
      control.log("done");
      const abort = new AbortController();
      const response = await fetch(`${url}/api/v1/events`, { headers: { "last-event-id": "0" }, signal: abort.signal });
      assert.ok(response.body !== null);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      const readTo = async (pattern: RegExp) => {
        while (!pattern.test(text)) text += (await reader.read()).value ?? "";
      };
      await readTo(/^id: 1$/m);
      control.log("started");
      await readTo(/^id: 2\nevent: started\ndata: \{"id":2,.*\}\n\n$/m);
      assert.equal(control.listeners, 1);
      abort.abort();
      await reader.cancel().catch(() => {}); // it ended with its request
      await until(() => control.listeners === 0);
    }),
);

test(
  "serve() ends with its signal, open streams included",
  { timeout: LIMIT },
  () =>
    serving(async (url, control, server, end) => {
      const response = await fetch(`${url}/api/v1/events`);
      const ended = response.text().then(() => "ended", () => "cut off");
      end();
      await server.closed;
      assert.match(await ended, /ended|cut off/);
      await until(() => control.listeners === 0);
      await assert.rejects(fetch(`${url}/healthz`));
    }),
);

/** Sends a request as plain text, and ends the connection while it is carried out. */
async function sendAndGo(control: TestControl, port: number, path: string, body: unknown): Promise<void> {
  const text = JSON.stringify(body);
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  const { patchCfg } = control;
  const asked = new Promise<void>((resolve) => {
    Object.assign(control, {
      patchCfg(...given: Parameters<typeof patchCfg>) {
        socket.destroy();
        resolve();
        return patchCfg(...given);
      },
    });
  });
  const head =
    `host: 127.0.0.1:${port}\r\ncontent-type: application/merge-patch+json\r\ncontent-length: ${text.length}`;
  socket.write(`PATCH ${path} HTTP/1.1\r\n${head}\r\n\r\n${text}`);
  await asked;
  Object.assign(control, { patchCfg });
}

test(
  "a change that was made though its client had gone is noted with what was asked",
  { timeout: LIMIT },
  () =>
    serving(async (_url, control, { port }) => {
      await sendAndGo(control, port, "/api/v1/nodes/n1/cfg", { physState: "POWER_ON" });
      await until(() => control.asked.length > 0);
      assert.deepEqual(control.asked, ["unanswered PATCH /api/v1/nodes/n1/cfg"]);
      assert.equal(control.find("n1")?.cfg.get("/physState"), "POWER_ON");
    }),
);

test(
  "an answer that is taken, and a dry run, are no unanswered changes",
  { timeout: LIMIT },
  () =>
    serving(async (url, control, { port }) => {
      const type = { "content-type": "application/merge-patch+json" };
      for (let count = 0; count < 20; count++) {
        const answer = await fetch(`${url}/api/v1/nodes/n1/cfg`, {
          ...send("PATCH", { physState: count % 2 === 0 ? "POWER_ON" : "POWER_OFF" }, type),
        });
        assert.equal(answer.status, 200);
        await answer.text();
      }
      await sendAndGo(control, port, "/api/v1/nodes/n1/cfg?dryRun=true", { physState: "POWER_ON" });
      await sendAndGo(control, port, "/api/v1/nodes/n2/cfg", { physState: "POWER_ON" });
      await until(() => control.asked.length > 0);
      assert.deepEqual(control.asked, ["unanswered PATCH /api/v1/nodes/n2/cfg"]);
    }),
);

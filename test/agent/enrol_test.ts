import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { enrol, type Identity } from "../../agent/enrol.ts";
import { createLog } from "../../src/log.ts";
import { noteWaits } from "../support/clocks.ts";
import { withFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual_clock.ts";

const MAC = "52:54:00:77:00:01";
const TOKEN = "t".repeat(43);
const IDENTITY: Identity = {
  id: "00000000-0000-4000-8000-000000000001",
  name: "n1",
  cluster: "lab",
  parent: "00000000-0000-4000-8000-000000000002",
  broker: "mqtt://10.77.0.1:1883",
  username: "00000000-0000-4000-8000-000000000001",
  password: "very-secret",
};

/** What the boot server does with a request: answers with this status and text, or says nothing. */
type Act = { readonly status: number; readonly body?: unknown } | "silent" | "cut";

interface EnrolWorld {
  readonly url: string;
  readonly runDir: string;
  readonly clock: VirtualClock;
  /** How long it has waited, in the order in which it began to: also for answers. */
  readonly waits: number[];
  readonly lines: string[];
  /** What the server does next, in order; then it gives the identity out. */
  readonly acts: Act[];
  /** What it was asked, and when. */
  readonly asked: { readonly body: unknown; readonly at: number; readonly type: string | undefined }[];
  /** Begins to enrol, on a clock that stands still. */
  begin(more?: { readonly mac?: string; readonly token?: string; readonly signal?: AbortSignal }): Promise<Identity>;
}

async function withEnrolment(body: (world: EnrolWorld) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const clock = createVirtualClock();
    const noting = noteWaits(clock);
    const lines: string[] = [];
    const acts: Act[] = [];
    const asked: { body: unknown; at: number; type: string | undefined }[] = [];
    const server = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk) => text += chunk);
      request.on("end", () => {
        assert.deepEqual([request.method, request.url], ["POST", "/boot/v1/enrol"]);
        asked.push({ body: JSON.parse(text), at: clock.now(), type: request.headers["content-type"] });
        const act = acts.shift() ?? { status: 200, body: IDENTITY };
        if (act === "silent") return;
        if (act === "cut") return void request.socket.destroy();
        response.writeHead(act.status).end(typeof act.body === "string" ? act.body : JSON.stringify(act.body ?? {}));
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    const runDir = join(folder, "run");
    try {
      await body({
        ...{ url, runDir, clock, waits: noting.waits, lines, acts, asked },
        begin({ mac = MAC, token = TOKEN, signal = new AbortController().signal } = {}) {
          const enrolling = enrol(
            { cluster: "lab", node: "n1", parent: IDENTITY.parent, server: url, mac, token },
            { runDir, clock: noting, random: () => 0.1, log: createLog((line) => lines.push(line)), signal },
          );
          enrolling.catch(() => {});
          return enrolling;
        },
      });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
}

test("a token is exchanged for an identity, which is kept for this boot where nobody else reads it", () =>
  withEnrolment(async ({ begin, asked, runDir, lines }) => {
    assert.deepEqual(await begin(), IDENTITY);
    assert.deepEqual(asked.map(({ body, type }) => [body, type]), [[{ token: TOKEN, mac: MAC }, "application/json"]]);
    assert.deepEqual(readdirSync(runDir), ["identity.json"]);
    assert.equal(statSync(join(runDir, "identity.json")).mode & 0o777, 0o600);
    assert.equal(statSync(runDir).mode & 0o777, 0o700);
    assert.deepEqual(await begin(), IDENTITY);
    assert.equal(asked.length, 1, "the token is used up: the next run of the agent has what was kept");
    assert.deepEqual(lines, []);
  }));

test("an identity that was kept is that of one boot of one machine", () =>
  withEnrolment(async ({ begin, asked }) => {
    await begin();
    await begin({ token: "u".repeat(43) });
    assert.equal(asked.length, 2, "another boot");
    await begin({ token: "u".repeat(43), mac: "52:54:00:77:00:02" });
    assert.equal(asked.length, 3, "another machine");
    await begin({ token: "u".repeat(43), mac: "52:54:00:77:00:02" });
    assert.equal(asked.length, 3);
  }));

test("a kept identity that can't be read is asked for again, and nothing of it is logged", () =>
  withEnrolment(async ({ begin, asked, runDir, lines }) => {
    await begin();
    const file = join(runDir, "identity.json");
    const kept = JSON.parse(readFileSync(file, "utf8"));
    for (
      const text of ["{", "secret", JSON.stringify({ ...kept, identity: { ...IDENTITY, broker: "http://secret" } })]
    ) {
      writeFileSync(file, text);
      const before = asked.length;
      assert.deepEqual(await begin(), IDENTITY);
      assert.equal(asked.length, before + 1);
    }
    assert.equal(lines.filter((line) => line.includes("Cannot read the stored identity")).length, 3);
    assert.ok(!lines.join().includes("secret"));
  }));

test("a server that is busy, away or behind something is asked again, with growing waits up to 15 s", () =>
  withEnrolment(async ({ begin, asked, acts, lines, clock, waits }) => {
    const statuses = [429, 408, 500, 300, 399, 599];
    acts.push(...statuses.map((status) => ({ status })), "cut");
    const enrolling = begin();
    const pauses = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000].map((wait) => wait * 0.55); // of a half to all, as chance has it
    for (const [index, wait] of pauses.entries()) {
      await until(() => assert.equal(lines.length, index + 1));
      await clock.advance(wait);
      await until(() => assert.equal(asked.length, index + 2));
    }
    assert.deepEqual(await enrolling, IDENTITY);
    assert.deepEqual(waits.filter((ms) => ms !== 15_000), pauses, "an answer may take 15 s");
    for (const [index, status] of statuses.entries()) {
      assert.ok(lines[index]?.includes(`"why":"HTTP status ${status}"`));
    }
    assert.match(lines[0] ?? "", /"warn","message":"Cannot enrol yet","server":"http:\/\/127/);
    assert.ok(!lines.join().includes(TOKEN));
  }));

test("a server that says nothing for 15 s is asked again", () =>
  withEnrolment(async ({ begin, asked, acts, lines, clock }) => {
    acts.push("silent");
    const enrolling = begin();
    await until(() => assert.equal(asked.length, 1));
    await clock.advance(14_999);
    assert.deepEqual(lines, []);
    await clock.advance(1);
    await until(() => assert.match(lines[0] ?? "", /"why":"the server has not answered within 15 s"/));
    await clock.advance(400);
    assert.deepEqual(await enrolling, IDENTITY);
    assert.equal(clock.waiting, 0, "no timer is left behind");
  }));

test("what a server refuses ends it, with the server's words, and nothing is kept", () =>
  withEnrolment(async ({ begin, asked, acts, runDir, url }) => {
    const detail = "The token has already been used";
    const others = [404, 204, 400, 407, 409, 428, 430, 499, 299];
    acts.push(
      { status: 403, body: { detail } },
      ...others.map((status) => ({ status, body: status === 204 ? "" : "<html>" })),
    );
    for (const why of [detail, ...others.map((status) => `HTTP status ${status}`)]) {
      await assert.rejects(begin(), { message: `Cannot enrol at ${url}: ${why}` });
    }
    assert.equal(asked.length, 1 + others.length);
    for (const body of [{ detail: 7 }, {}, { title: "No" }, [], "null"]) {
      acts.push({ status: 403, body });
      await assert.rejects(begin(), { message: `Cannot enrol at ${url}: HTTP status 403` });
    }
    assert.ok(!existsSync(runDir));
  }));

test("an answer that is no identity ends it, names the field, and nothing of it is repeated", () =>
  withEnrolment(async ({ begin, acts, runDir, url }) => {
    const odd: [string, unknown][] = [
      ["id", "N1"],
      ["id", IDENTITY.id.replace("8000", "A000")],
      ["name", "a b"],
      ["cluster", ""],
      ["parent", "root"],
      ["broker", "http://secret"],
      ["broker", "secret"],
      ["username", ""],
      ["username", "x".repeat(257)],
      ["password", ""],
      ["password", "x".repeat(257)],
      ["password", 7],
    ];
    for (const [field, value] of odd) {
      acts.push({ status: 200, body: { ...IDENTITY, password: "secret", [field]: value } });
      await assert.rejects(begin(), { message: `Cannot enrol at ${url}: ${field} is not what was expected` });
    }
    for (const body of ["", "secret", "7"]) {
      acts.push({ status: 200, body });
      await assert.rejects(begin(), { message: `Cannot enrol at ${url}: the answer is not what was expected` });
    }
    assert.ok(!existsSync(runDir));
  }));

test("an answer without an end is not read to its end", () =>
  withEnrolment(async ({ begin, acts, lines, clock }) => {
    acts.push({ status: 200, body: JSON.stringify({ ...IDENTITY, more: "x".repeat(20_000) }) });
    const enrolling = begin();
    await until(() => assert.equal(lines.length, 1));
    await clock.advance(400);
    assert.deepEqual(await enrolling, IDENTITY);
    assert.match(lines[0] ?? "", /The answer has more than 16384 bytes/);
  }));

test("enrolling ends when the agent is to end, while it asks and while it waits", () =>
  withEnrolment(async ({ begin, acts, asked, clock, lines }) => {
    for (const act of ["silent", { status: 503 }] as const) {
      acts.push(act);
      const ending = new AbortController();
      const count = asked.length;
      const enrolling = assert.rejects(begin({ signal: ending.signal }), { message: "it is to end" });
      await until(() => assert.ok(asked.length > count));
      ending.abort(new Error("it is to end"));
      await enrolling;
      assert.deepEqual(lines, act === "silent" ? [] : lines.slice(0, 1), "to be ended is no failure");
      acts.length = 0;
    }
    assert.equal(clock.waiting, 0, "no timer is left behind");
  }));

test("identities over MQTT with TLS are taken too", () =>
  withEnrolment(async ({ begin, acts }) => {
    acts.push({ status: 200, body: { ...IDENTITY, broker: "mqtts://10.77.0.1" } });
    assert.equal((await begin()).broker, "mqtts://10.77.0.1");
  }));

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  closeSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Hono } from "hono";
import { answerFile } from "../../aggregator/boot/http/files.ts";
import { createHashes } from "../../aggregator/boot/http/hashes.ts";
import { type SendEnd, sendPart } from "../../aggregator/boot/http/send_part.ts";
import { serveBoot } from "../../aggregator/boot/http/serve.ts";
import { openFile } from "../../aggregator/boot/open_file.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { ETAG, type HttpWorld, KERNEL, MAC, withServer } from "./http_world.ts";
import { get } from "./pxe_client.ts";

/** More than the buffers of a connection hold. */
const LARGE = 64 * 1024 * 1024;

/** A client that sends these bytes, and counts what it takes. */
interface RawClient {
  readonly socket: Socket;
  received: number;
  text: string;
  isClosed: boolean;
}

function rawClient(url: string, text: string, address?: string): RawClient {
  const socket = connect({
    ...{ port: Number(new URL(url).port), host: "127.0.0.1" },
    ...(address !== undefined && { localAddress: address }),
  }, () => socket.write(text));
  const client: RawClient = { socket, received: 0, text: "", isClosed: false };
  socket.on("data", (chunk: Uint8Array) => {
    client.received += chunk.length;
    if (client.text.length < 4_096) client.text += new TextDecoder("latin1").decode(chunk);
  });
  socket.on("error", () => {});
  socket.on("close", () => client.isClosed = true);
  return client;
}

function makeLarge({ folder }: HttpWorld): string {
  const file = join(folder, "files", "large");
  closeSync(openSync(file, "w"));
  truncateSync(file, LARGE);
  return file;
}

const LARGE_REQUEST = `GET /boot/v1/files/large?mac=${MAC} HTTP/1.1\r\nhost: x\r\n\r\n`;

/** Starts a download that takes some of the file and then nothing more. */
async function stall(world: HttpWorld): Promise<RawClient> {
  const client = rawClient(world.url, LARGE_REQUEST, "127.0.0.5");
  await world.clock.advance(250); // it is not hashed yet
  await waitFor("the first bytes have come", () => client.received > 0);
  client.socket.pause();
  return client;
}

test("a reader that takes nothing for 60 s is dropped then, not before, and its node has an event that says so", () =>
  withServer(async (world) => {
    makeLarge(world);
    const client = await stall(world);
    await world.clock.advance(59_000);
    assert.equal(world.transfers.counts.failed, 0);
    await waitFor("it is dropped", async () => {
      await world.clock.advance(1_000);
      return world.transfers.counts.failed === 1;
    });
    client.socket.resume();
    await waitFor("the connection is closed", () => client.isClosed);
    assert.ok(client.received < LARGE);
    const [event = ""] = world.told;
    assert.match(
      event,
      /^n1: Its download of large to 127\.0\.0\.5 broke off at \d\d? % of 67108864 bytes: it took nothing for 60 s$/,
    );
    const line = world.logged.find((text) => text.includes("was interrupted")) ?? "";
    assert.match(line, /"level":"debug".*"path":"large"/);
    const { taken, length } = JSON.parse(line);
    assert.ok(taken > LARGE / 100, "more than a hundredth, so that its share can be seen");
    assert.ok(event.includes(`at ${Math.floor(100 * taken / length)} % of`), `${event}: ${taken} of ${length}`);
  }));

test("a part of a file waits exactly 60 s for a reader before its connection is cut", () =>
  withServer(async (world) => {
    makeLarge(world);
    const clock = createVirtualClock();
    const file = await openFile(join(world.folder, "files"), "large") ?? assert.fail("there is none");
    const ends: SendEnd[] = [];
    let cuts = 0;
    const stream = sendPart(file, { first: 0, last: LARGE - 1 }, {
      ...{ clock, sending: { now: 0 }, signal: new AbortController().signal },
      cut: () => ++cuts > 0,
      end: (end) => void ends.push(end),
    });
    const reader = stream.getReader();
    for (let n = 0; n < 3; n++) {
      await reader.read();
      await clock.advance(59_999);
    }
    assert.deepEqual([cuts, ends], [0, []]);
    await clock.advance(1);
    const taken = 2 * 256 * 1024; // the third chunk was handed on, and nothing says that it was taken
    assert.deepEqual([cuts, ends], [1, [{ why: "it took nothing for 60 s", taken, length: LARGE }]]);
    assert.equal((await reader.read()).done, true);
    assert.equal(clock.waiting, 0);
  }));

test("a slow reader is not dropped as long as it takes something within 60 s", () =>
  withServer(async (world) => {
    makeLarge(world);
    const client = await stall(world);
    for (let round = 0; round < 4; round++) {
      await world.clock.advance(50_000);
      const { received } = client;
      client.socket.resume();
      await waitFor("it takes some", () => client.received > received + 8 * 1024 * 1024 || client.isClosed);
      client.socket.pause();
      await world.clock.advance(0);
    }
    assert.equal(world.transfers.counts.failed, 0);
    client.socket.resume();
    await waitFor("it has all", () => client.received > LARGE);
    client.socket.destroy();
  }));

test("whoever says nothing on a connection, or stops in the middle of a request, is dropped", () =>
  withServer(async ({ url }) => {
    const post =
      "POST /boot/v1/enrol HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    for (const text of ["", "GET /boot/v1/ti", "GET /boot/v1/time HTTP/1.1\r\nhost: x\r\n", post]) {
      const client = rawClient(url, text);
      await waitFor(`it is dropped after ${JSON.stringify(text)}`, () => client.isClosed);
    }
    const kept = rawClient(url, "GET /boot/v1/time HTTP/1.1\r\nhost: x\r\n\r\n");
    await waitFor("it is dropped after its answer", () => kept.isClosed);
    assert.match(kept.text, /^HTTP\/1\.1 200/);
    assert.match(kept.text, /keep-alive: timeout=0\r/i, "it is told that it is not kept for long");
  }, { silence: 300 }));

test("a connection is kept for 5 s after an answer", () =>
  withServer(async ({ url }) => {
    const client = rawClient(url, "GET /boot/v1/time HTTP/1.1\r\nhost: x\r\n\r\n");
    await waitFor("it is answered", () => client.text !== "");
    assert.match(client.text, /keep-alive: timeout=5\r/i);
    client.socket.destroy();
  }));

test("fields of more than 8 KiB are not read", () =>
  withServer(async ({ url }) => {
    const client = rawClient(url, `GET /boot/v1/time HTTP/1.1\r\nhost: x\r\nx: ${"x".repeat(9_000)}\r\n\r\n`);
    await waitFor("it is refused", () => client.isClosed);
    assert.match(client.text, /^HTTP\/1\.1 (?:431|400)/);
  }));

test("a port that is in use, and an address of another machine, are named with what to do about it", async () => {
  await withServer(async ({ url }) => {
    const port = Number(new URL(url).port);
    await assert.rejects(serveBoot(new Hono(), { host: "127.0.0.1", port, isKnown: () => false }), {
      message:
        `Cannot serve machines that boot on 127.0.0.1:${port} as the port is in use: choose another with --boot-port`,
    });
  });
  await assert.rejects(serveBoot(new Hono(), { host: "192.0.2.1", port: 0, isKnown: () => false }), {
    message: "Cannot serve machines that boot on 192.0.2.1:0: --boot-address must be an address of this machine",
  });
});

test("a machine whose download breaks off has an event with how far it was", () =>
  withServer(async (world) => {
    makeLarge(world);
    const client = await stall(world);
    client.socket.destroy();
    await waitFor("it is told", () => world.told.length > 0);
    assert.match(
      world.told[0] ?? "",
      /^n1: Its download of large to 127\.0\.0\.5 broke off at \d\d? % .*: the client closed the connection$/,
    );
    assert.equal(world.transfers.counts.failed, 1);
    assert.equal((await get(`${world.url}/boot/v1/files/none`, { address: "127.0.0.5" })).status, 404);
    assert.equal(world.told[1], "n1: It asked for none, which is not below the boot files");
    await get(`${world.url}/boot/v1/files/none`, { address: "127.0.0.9" });
    assert.equal(world.told.length, 2, "a stranger has no events");
  }));

test("a file that is cut short or changed while it is sent does not arrive whole, and nothing is printed but a log line", () =>
  withServer(async (world) => {
    const { error } = console;
    const printed: unknown[] = [];
    console.error = (...words: unknown[]) => void printed.push(words);
    try {
      for (const change of ["became shorter", "was changed"] as const) {
        const file = makeLarge(world);
        const client = await stall(world);
        if (change === "became shorter") truncateSync(file, 1024);
        else utimesSync(file, 1, 1);
        client.socket.resume();
        await waitFor("the connection is closed", () => client.isClosed);
        assert.ok(client.received < LARGE);
        assert.ok(world.told.at(-1)?.endsWith(`: the file ${change} while it was sent`), world.told.join());
      }
      assert.deepEqual(printed, []);
    } finally {
      console.error = error;
    }
  }));

test("an address with too many connections is refused more, and that is told", () =>
  withServer(async ({ url, told }) => {
    const clients = Array.from({ length: 33 }, () => rawClient(url, ""));
    await waitFor("one is refused", () => told.length === 1);
    assert.equal(told[0], "refused 127.0.0.1");
    for (const { socket } of clients) socket.destroy();
  }));

test("a request of HTTP/1.0 without Host is answered", () =>
  withServer(async ({ url }) => {
    const client = rawClient(url, "GET /boot/v1/files/vmlinuz HTTP/1.0\r\n\r\n");
    await waitFor("it is answered", () => client.isClosed);
    assert.match(client.text, /^HTTP\/1\.[01] 200 /);
    assert.ok(client.received > KERNEL.length);
  }));

test("If-Match sends a file only when it is the one that is named", () =>
  withServer(async ({ url }) => {
    const ask = (headers: Record<string, string>) => get(`${url}/boot/v1/files/vmlinuz`, { headers });
    for (const match of [ETAG, "*", `"x", ${ETAG}`]) {
      const { status, body } = await ask({ "if-match": match, range: "bytes=0-9" });
      assert.deepEqual([status, body.length], [206, 10], match);
    }
    for (const match of ['"x"', `W/${ETAG}`]) {
      const { status, headers } = await ask({ "if-match": match, "if-none-match": ETAG, range: "bytes=0-9" });
      assert.deepEqual([status, headers.etag], [412, ETAG], match);
    }
    assert.equal(
      (await ask({ "if-range": `W/${ETAG}`, range: "bytes=0-9" })).status,
      200,
      "weak tags don't make parts fit",
    );
    assert.equal((await ask({ "if-none-match": `W/${ETAG}` })).status, 304);
    assert.equal((await ask({ "if-none-match": "*" })).status, 304);
  }));

test("an answer that has nothing of a file leaves it closed", () =>
  withServer(async ({ url, folder }) => {
    const file = `${url}/boot/v1/files/vmlinuz`;
    for (
      const [status, headers, method] of [
        [200, {}, "HEAD"],
        [304, { "if-none-match": ETAG }, "GET"],
        [412, { "if-match": '"x"' }, "GET"],
        [416, { range: `bytes=${KERNEL.length}-` }, "GET"],
      ] as const
    ) assert.equal((await get(file, { headers, method })).status, status);
    const isOpen = (descriptor: string) => {
      try {
        return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(folder);
      } catch {
        return false; // the one that the list was read with
      }
    };
    await waitFor("nothing is open", () => !readdirSync("/proc/self/fd").some(isOpen));
  }));

test("the entity tag follows the bytes of a file that was moved or written in with the size and time of the one before", () =>
  withServer(async ({ url, folder }) => {
    const file = join(folder, "files", "vmlinuz");
    const { atime, mtime } = statSync(file);
    const tag = async () => (await get(`${url}/boot/v1/files/vmlinuz`, { method: "HEAD" })).headers.etag;
    assert.equal(await tag(), ETAG);
    for (const [index, how] of ["moved", "written"].entries()) {
      const bytes = KERNEL.map((byte) => byte ^ (index + 1));
      const at = how === "moved" ? join(folder, "new") : file;
      writeFileSync(at, bytes);
      utimesSync(at, atime, mtime);
      if (how === "moved") renameSync(at, file);
      assert.equal(await tag(), `"${createHash("sha256").update(bytes).digest("hex")}"`, how);
    }
  }));

test("a large file is answered before it is hashed, without an entity tag, and with it later", () =>
  withServer(async (world) => {
    const at = makeLarge(world);
    truncateSync(at, LARGE + 1);
    const file = `${world.url}/boot/v1/files/large`;
    const head = async () => {
      let answer: Awaited<ReturnType<typeof get>> | undefined;
      get(file, { method: "HEAD" }).then((answered) => answer = answered);
      await waitFor("it is answered", async () => {
        await world.clock.advance(10);
        return answer !== undefined;
      });
      return answer ?? assert.fail("it was not answered");
    };
    const first = await head(); // it is not hashed yet, as it was written a moment ago
    assert.deepEqual([first.status, first.headers.etag], [200, undefined]);
    assert.equal(first.headers["content-length"], String(LARGE + 1));
    await waitFor("its times tell a later change apart", () => Date.now() - statSync(at).ctimeMs > 2_000);
    await world.clock.advance(2_000);
    await waitFor("it is hashed", async () => (await head()).headers.etag !== undefined);
    const etag = `"${createHash("sha256").update(new Uint8Array(LARGE + 1)).digest("hex")}"`;
    const resumed = await get(file, { headers: { range: `bytes=${LARGE}-`, "if-range": etag } });
    assert.deepEqual([resumed.status, resumed.headers.etag, resumed.body.length], [206, etag, 1]);
  }));

test("while a file is not hashed, who makes a condition of its entity tag is told to ask again, and others have the file", () =>
  withServer(async ({ folder, clock }) => {
    const waits: number[] = [];
    const hashes = {
      within(_file: unknown, wait: number) {
        waits.push(wait);
        return Promise.resolve(undefined);
      },
    };
    const service = { root: join(folder, "files"), hashes, clock, sending: { now: 0 } };
    const client = { cut: () => false, signal: new AbortController().signal };
    const none = { isHead: true, range: undefined, ifRange: undefined, ifMatch: undefined, ifNoneMatch: undefined };
    const statusOf = async (request: Partial<typeof none> | Record<string, string>) => {
      const answer = await answerFile("vmlinuz", { ...none, ...request }, service, client);
      return [answer?.status, answer?.headers.get("retry-after"), waits.pop()];
    };
    assert.deepEqual(await statusOf({ ifMatch: ETAG }), [503, "5", 10_000]);
    assert.deepEqual(await statusOf({ ifRange: ETAG, range: "bytes=1-" }), [503, "5", 10_000]);
    assert.deepEqual(await statusOf({ ifRange: ETAG }), [200, null, 250]);
    assert.deepEqual(await statusOf({ ifNoneMatch: ETAG }), [200, null, 250]);
    assert.deepEqual(await statusOf({ ifMatch: "*" }), [200, null, 250]);
    assert.deepEqual(await statusOf({ ifMatch: 'W/"x"' }), [412, null, 250]);
  }));

/** Hashes of the kernel, worked out when the test says so. */
async function withHashes(
  body: (parts: {
    readonly hashes: ReturnType<typeof createHashes>;
    readonly kernel: () => Promise<NonNullable<Awaited<ReturnType<typeof openFile>>>>;
    readonly clock: ReturnType<typeof createVirtualClock>;
    readonly asked: ((hash: string | undefined) => void)[];
  }, world: HttpWorld) => Promise<void>,
  age = 10_000,
): Promise<void> {
  await withServer(async (world) => {
    const clock = createVirtualClock();
    const asked: ((hash: string | undefined) => void)[] = [];
    const opened: Awaited<ReturnType<typeof openFile>>[] = [];
    const hashes = createHashes({
      clock,
      wall: () => Date.now() + age,
      hash: () => new Promise((resolve) => void asked.push(resolve)),
    });
    const kernel = async () => {
      const file = await openFile(join(world.folder, "files"), "vmlinuz") ?? assert.fail("there is none");
      opened.push(file);
      return file;
    };
    await body({ hashes, kernel, clock, asked }, world);
    for (const file of opened) await file?.handle.close();
  });
}

test("a file is hashed once, however many ask for it before and after", () =>
  withHashes(async ({ hashes, kernel, clock, asked }) => {
    const early = [hashes.within(await kernel(), 250), hashes.within(await kernel(), 250)];
    await clock.advance(250);
    assert.deepEqual(await Promise.all(early), [undefined, undefined]);
    const waiting = hashes.within(await kernel(), 10_000);
    asked[0]?.("abc");
    assert.equal(await waiting, "abc");
    assert.equal(await hashes.within(await kernel(), 0), "abc");
    assert.equal(asked.length, 1);
    assert.equal(clock.waiting, 0, "no timer is left behind");
  }));

test("the hash of a file that was changed a moment ago is not kept, as its next change may have the same time", () =>
  withHashes(async ({ hashes, kernel, asked }) => {
    for (const hash of ["abc", "def"]) {
      const waiting = hashes.within(await kernel(), 250);
      await waitFor("it is hashed", () => asked.length > 0);
      asked.pop()?.(hash);
      assert.equal(await waiting, hash);
    }
  }, 0));

test("the hash of an older version of a file is no word about the newer one, whichever is done first", () =>
  withHashes(async ({ hashes, kernel, asked }, { folder }) => {
    const older = hashes.within(await kernel(), 250);
    writeFileSync(join(folder, "files", "vmlinuz"), "another");
    const newer = hashes.within(await kernel(), 250);
    await waitFor("both are hashed", () => asked.length === 2);
    asked[0]?.(undefined); // it was changed meanwhile
    assert.equal(await older, undefined);
    asked[1]?.("abc");
    assert.equal(await newer, "abc");
    assert.equal(await hashes.within(await kernel(), 250), "abc");
    assert.equal(asked.length, 2);
  }));

test("a file that can't be hashed is tried again by who asks next", () =>
  withHashes(async ({ hashes, kernel, asked }) => {
    const first = hashes.within(await kernel(), 250);
    asked.pop()?.(undefined);
    assert.equal(await first, undefined);
    const second = hashes.within(await kernel(), 250);
    asked.pop()?.("abc");
    assert.equal(await second, "abc");
  }));

test("four files are hashed at a time, and the next ones in turn", () =>
  withHashes(async ({ hashes, asked }, { folder }) => {
    const root = join(folder, "files");
    const files = [];
    for (let n = 0; n < 6; n++) {
      writeFileSync(join(root, `f${n}`), `${n}`);
      files.push(await openFile(root, `f${n}`) ?? assert.fail("there is none"));
    }
    const all = files.map((file) => hashes.within(file, 250));
    await Promise.resolve();
    assert.equal(asked.length, 4);
    for (let n = 0; n < 6; n++) {
      await waitFor("its turn has come", () => asked.length > n);
      asked[n]?.(`hash ${n}`);
    }
    assert.deepEqual(await Promise.all(all), [0, 1, 2, 3, 4, 5].map((n) => `hash ${n}`));
    for (const { handle } of files) await handle.close();
  }));

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import process from "node:process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { readRange, type SendEnd } from "../../aggregator/boot/http/send_part.ts";
import { answerFile } from "../../aggregator/boot/http/files.ts";
import { createHashes } from "../../aggregator/boot/http/hashes.ts";
import { createTransferProgress } from "../../aggregator/boot/progress.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { ETAG, INITRD, KERNEL, MAC, withServer } from "./http_world.ts";
import { get } from "./pxe_client.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

test("a file is sent whole, in part, or not at all, as RFC 9110 has it, with its SHA-256 as entity tag", () =>
  withServer(async ({ url, transfers }) => {
    const file = `${url}/boot/v1/files/vmlinuz`;
    const ask = (headers: Record<string, string> = {}, method = "GET") => get(file, { headers, method });
    const whole = await ask();
    assert.equal(whole.status, 200);
    assert.deepEqual(new Uint8Array(whole.body), KERNEL);
    assert.equal(whole.headers.etag, ETAG);
    assert.equal(whole.headers["content-length"], String(KERNEL.length));
    assert.equal(whole.headers["accept-ranges"], "bytes");
    const cases: [Record<string, string>, number, number, number][] = [
      [{ range: "bytes=0-9" }, 206, 0, 9],
      [{ range: "bytes=100-" }, 206, 100, KERNEL.length - 1],
      [{ range: "bytes=-7" }, 206, KERNEL.length - 7, KERNEL.length - 1],
      [{ range: `bytes=5-${KERNEL.length * 9}` }, 206, 5, KERNEL.length - 1],
      [{ range: "bytes=0-9", "if-range": ETAG }, 206, 0, 9],
      [{ range: "bytes=0-9", "if-range": '"older"' }, 200, 0, KERNEL.length - 1],
      [{ range: "bytes=0-1,5-9" }, 200, 0, KERNEL.length - 1],
      [{ range: "lines=1-2" }, 200, 0, KERNEL.length - 1],
      [{ range: "bytes=9-2" }, 200, 0, KERNEL.length - 1],
    ];
    for (const [headers, status, first, last] of cases) {
      const part = await ask(headers);
      assert.equal(part.status, status, JSON.stringify(headers));
      assert.deepEqual(new Uint8Array(part.body), KERNEL.subarray(first, last + 1));
      if (status === 206) assert.equal(part.headers["content-range"], `bytes ${first}-${last}/${KERNEL.length}`);
    }
    const beyond = await ask({ range: `bytes=${KERNEL.length}-` });
    assert.deepEqual([beyond.status, beyond.headers["content-range"]], [416, `bytes */${KERNEL.length}`]);
    const head = await ask({}, "HEAD");
    assert.deepEqual([head.status, head.body.length, head.headers["content-length"]], [200, 0, String(KERNEL.length)]);
    assert.equal((await ask({ "if-none-match": `"x", ${ETAG}` })).status, 304);
    assert.equal((await ask({}, "POST")).status, 405);
    assert.equal((await get(`${url}/boot/v1/files/empty`)).body.length, 0);
    assert.equal((await get(`${url}/boot/v1/images/root.sqfs`)).body.toString(), "image");
    // One for each body: without those that were only looked at, had already, or out of range.
    const bodies = cases.length + 3;
    await waitFor("all are counted", () => transfers.counts.done === bodies);
    assert.deepEqual(transfers.counts, { done: bodies, probed: 0, refused: 0, failed: 0 });
  }));

test("a file that was replaced has another entity tag", () =>
  withServer(async ({ url, folder }) => {
    const file = `${url}/boot/v1/files/vmlinuz`;
    assert.equal((await get(file, { method: "HEAD" })).headers.etag, ETAG);
    const other = KERNEL.slice().reverse();
    writeFileSync(join(folder, "new"), other);
    renameSync(join(folder, "new"), join(folder, "files", "vmlinuz"));
    const after = await get(file);
    assert.equal(after.headers.etag, `"${createHash("sha256").update(other).digest("hex")}"`);
    assert.deepEqual(new Uint8Array(after.body), other);
  }));

/** Sends a request line as it is: clients would tidy the path up. */
function rawGet(url: string, target: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => {
      socket.write(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    });
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => text += chunk);
    socket.on("error", reject).on("close", () => resolve(text));
  });
}

test("no path leads out of the folder, and no folder is listed", () =>
  withServer(async ({ url, folder, transfers }) => {
    const targets = [
      ...[
        "",
        "/",
        "..",
        "../secret",
        "../../secret",
        "images/../../secret",
        "%2e%2e/secret",
        "..%2fsecret",
        "%2e%2e%2fsecret",
      ],
      ...[
        "images",
        "images/",
        "out",
        "x\\..\\secret",
        "..%5csecret",
        "%00",
        "vmlinuz%00.img",
        "%",
        "%zz",
        "....//secret",
        "//etc/passwd",
      ],
    ];
    for (const target of targets) {
      const answer = await rawGet(url, `/boot/v1/files/${target}`);
      assert.match(answer, /^HTTP\/1\.1 (404|400)/, target);
      assert.ok(!answer.includes("\r\n\r\nsecret"), target);
    }
    writeFileSync(join(folder, "files", "images", "undefined"), "no path is no name");
    assert.match(await rawGet(url, "/boot/v1/images/%zz"), /^HTTP\/1\.1 404/);
    const answers = await rawGet(url, "/boot/v1/images/../vmlinuz");
    assert.match(answers, /^HTTP\/1\.1 404/);
    assert.ok(transfers.counts.refused > 10);
    assert.equal(transfers.counts.done + transfers.counts.failed, 0);
  }));

test("whatever a query or a path is, it is answered, and nothing breaks", () =>
  withServer(async ({ url }) => {
    const text = fc.string({ unit: "binary", maxLength: 60 }).map(encodeURIComponent).filter((value) =>
      value.length < 400
    );
    const path = fc.constantFrom("script", "files/vmlinuz", "files/", "time", "enrol", "images/", "x");
    const key = fc.constantFrom("mac", "uuid", "arch", "x", "mac[]", "");
    const covered = createCoverage("requests", ["answered", "refused"], 0.15);
    await fc.assert(
      fc.asyncProperty(path, fc.array(fc.tuple(key, text), { maxLength: 3 }), async (path, pairs) => {
        const query = pairs.map(([key, value]) => `${key}=${value}`).join("&");
        const { status } = await get(`${url}/boot/v1/${path}?${query}`);
        assert.ok([200, 400, 404, 405].includes(status), `${status} for ${path}?${query}`);
        covered.saw(status === 200 ? "answered" : "refused");
      }),
      { numRuns: 100 },
    );
    covered.check();
  }));

test("a machine's state follows what it really took: script, parts of its files, all of them", () =>
  withServer(async ({ url, seen, clock }) => {
    const address = "127.0.0.5";
    const query = `?mac=${MAC}`;
    await get(`${url}/boot/v1/script${query}`, { method: "HEAD", address });
    assert.equal(seen("n1", "/pxe/state"), undefined);
    const script = await get(`${url}/boot/v1/script${query}`, { address });
    assert.match(script.body.toString(), /kernel --name kernel .* kraken\.node=n1 /);
    assert.equal(seen("n1", "/pxe/state"), "LOADING");
    await get(`${url}/boot/v1/files/vmlinuz${query}`, { address });
    assert.equal(seen("n1", "/pxe/progress"), 50);
    await get(`${url}/boot/v1/files/initrd.img${query}`, { address: "127.0.0.6" }); // somebody else
    const half = { range: `bytes=0-${INITRD.length / 2 - 1}` };
    await get(`${url}/boot/v1/files/initrd.img${query}`, { address, headers: half });
    await waitFor("half was seen", () => seen("n1", "/pxe/progress") === 65);
    assert.equal(seen("n1", "/pxe/state"), "LOADING");
    await get(`${url}/boot/v1/files/initrd.img${query}`, {
      address,
      headers: { range: `bytes=${INITRD.length / 2}-` },
    });
    await waitFor("all was seen", () => seen("n1", "/pxe/state") === "INIT");
    await clock.advance(1);
  }));

test("where we give out the addresses a script with a token goes to the machine's own address only", () =>
  withServer(async ({ url, enrolment }) => {
    const ask = async (address: string) => (await get(`${url}/boot/v1/script?mac=${MAC}`, { address })).body.toString();
    assert.match(await ask("127.0.0.6"), /n1 must ask from 127\.0\.0\.5, this is 127\.0\.0\.6/);
    assert.match(await ask("127.0.0.5"), / kraken\.token=/);
    assert.match(await ask("127.0.0.5"), /has asked just now/); // one token a second
    assert.equal(enrolment.counts.issued, 1);
  }, { holdsAddresses: true }));

test("an agent that is away for a moment is not put out by a program on its machine that asks for a script", () =>
  withServer(async ({ url, enrolment, state }) => {
    const ask = async () => (await get(`${url}/boot/v1/script?mac=${MAC}`, { address: "127.0.0.5" })).body.toString();
    state.isRunning = true;
    assert.match(await ask(), /n1 has not asked for its address since it was in use/);
    assert.equal(enrolment.counts.issued, 0);
    state.isRunning = false;
    assert.match(await ask(), / kraken\.token=/);
  }, { holdsAddresses: true }));

test("a machine that nobody knows is told so and remembered, and one without a MAC address asks with it", () =>
  withServer(async ({ url, unknownMachines }) => {
    const stranger = await get(`${url}/boot/v1/script?mac=52-54-00-77-00-99&uuid=u&arch=x86_64`);
    assert.match(stranger.body.toString(), /krakenctl adopt 52:54:00:77:00:99 --as NAME\nsleep 15\nchain /);
    assert.deepEqual(unknownMachines.list().map(({ mac, arch, uuid }) => [mac, arch, uuid]), [[
      "52:54:00:77:00:99",
      "x86_64",
      "u",
    ]]);
    const first = await get(`${url}/boot/v1/script`);
    assert.match(first.body.toString(), /^#!ipxe\nchain --replace --autofree \S+script\?mac=\$\{netX\/mac\}/);
    assert.equal((await get(`${url}/boot/v1/script?mac=x`)).status, 400);
    assert.match((await get(`${url}/boot/v1/time`)).body.toString(), /^[0-9]+\.[0-9]{3}\n$/);
  }));

test("the machine of a node that boots in another way is told that it is one, and is no stranger", () =>
  withServer(async ({ url, unknownMachines, apply, clock }) => {
    for (const method of ["other", "none", undefined]) {
      apply({ n1: { "/ipv4/mac": MAC, ...(method !== undefined && { "/boot/method": method }) } });
      await clock.advance(1);
      const { body } = await get(`${url}/boot/v1/script?mac=${MAC}`);
      assert.match(
        body.toString(),
        new RegExp(`this is n1, which does not boot .* /boot/method is ${method ?? "none"}`),
      );
      unknownMachines.saw({ mac: MAC, asked: "dhcp discover" }); // DHCP does not answer it
      assert.deepEqual(unknownMachines.list(), []);
    }
  }));

test("a script that names a file which is not there is not given out: the machine is told, the log says so, and it asks again", () =>
  withServer(async ({ url, folder, enrolment, logged }) => {
    const ask = async () => (await get(`${url}/boot/v1/script?mac=${MAC}`)).body.toString();
    const [there, away] = [join(folder, "files", "initrd.img"), join(folder, "files", "typo")];
    renameSync(there, away);
    assert.match(await ask(), /n1 can.t boot:\necho .*no file initrd\.img below the boot files.*\nsleep 15\nchain /);
    assert.equal((await get(`${url}/boot/v1/files/initrd.img?mac=${MAC}`)).status, 404);
    assert.equal(enrolment.counts.issued, 0);
    renameSync(away, there);
    assert.match(await ask(), / kraken\.token=/);
    const missing = logged.find((line) => line.includes("does not exist")) ?? assert.fail(logged.join());
    for (const part of ['"warn"', '"n1"', '"initrd.img"']) assert.ok(missing.includes(part), missing);
    assert.ok(logged.some((line) => line.includes("Refused a boot script")));
  }));

test("a client that takes nothing holds no other up, and costs no memory", () =>
  withServer(async ({ url, folder, transfers }) => {
    const size = 64 * 1024 * 1024;
    writeFileSync(join(folder, "files", "large"), new Uint8Array(size));
    const port = Number(new URL(url).port);
    const slow = Array.from({ length: 8 }, () => {
      const socket = connect(
        port,
        "127.0.0.1",
        () => socket.write("GET /boot/v1/files/large HTTP/1.1\r\nhost: x\r\n\r\n"),
      );
      socket.pause();
      return socket;
    });
    try {
      const before = process.memoryUsage().rss;
      const all = await Promise.all([1, 2, 3, 4].map(() => get(`${url}/boot/v1/files/vmlinuz`)));
      assert.ok(all.every(({ body }) => body.length === KERNEL.length));
      assert.ok(process.memoryUsage().rss - before < size * 4, "files are held in memory");
    } finally {
      for (const socket of slow) socket.destroy();
    }
    await waitFor("those that went are counted", () => transfers.counts.failed === slow.length);
  }));

test("of a range only what is there is sent, for any size", () => {
  const number = fc.oneof({ weight: 3, arbitrary: fc.nat({ max: 50 }).map(String) }, {
    weight: 1,
    arbitrary: fc.constant(""),
  });
  const covered = createCoverage("ranges", ["whole", "part", "unsatisfiable"], 0.05);
  fc.assert(
    fc.property(number, number, fc.nat({ max: 40 }), (from, to, size) => {
      const range = readRange(`bytes=${from}-${to}`, size);
      covered.saw(range.kind);
      if (range.kind !== "part") return;
      assert.ok(range.first >= 0 && range.first <= range.last && range.last < size);
      if (from !== "") assert.equal(range.first, Number(from));
      else assert.equal(range.last - range.first + 1, Math.min(Number(to), size));
    }),
    { numRuns: 400 },
  );
  covered.check();
  const others = createCoverage("other fields", ["whole", "part"], 0.04);
  const field = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.constantFrom("Bytes= 1-2 ", "bytes=1-2,4-5", "items=1-2", "bytes=-"),
  );
  fc.assert(
    fc.property(field, (field) => {
      const { kind } = readRange(field, 10);
      if (kind !== "unsatisfiable") others.saw(kind);
    }),
    { numRuns: 400 },
  );
  others.check();
});

test("progress is whole only when every byte of every file was taken", () => {
  const part = fc.tuple(fc.constantFrom("a", "b", "c"), fc.nat({ max: 20 }), fc.nat({ max: 20 }));
  const covered = createCoverage("progress of files", ["whole", "a part", "nothing"], 0.015);
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
      const sizes = { a: 10, b: 20 } as const;
      const progress = createTransferProgress(["a", "b"]);
      const had = { a: 0, b: 0 };
      for (const [path, one, two] of parts) {
        if (path === "c") progress.took(path, 0, 5, 5);
        else {
          const first = Math.min(one, sizes[path]);
          const end = Math.min(Math.max(first, two), sizes[path]);
          progress.took(path, first, end, sizes[path]);
          if (first <= had[path]) had[path] = Math.max(had[path], end);
        }
        assert.equal(progress.percent === 100, had.a === 10 && had.b === 20);
      }
      covered.saw(progress.percent === 100 ? "whole" : progress.percent === 0 ? "nothing" : "a part");
    }),
    { numRuns: 1_000 },
  );
  covered.check();
});

test("where many files are sent each costs less memory, and one whose client has gone is closed at once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-files-"));
  try {
    writeFileSync(join(folder, "vmlinuz"), KERNEL);
    const request = { isHead: false, range: undefined, ifRange: undefined, ifMatch: undefined, ifNoneMatch: undefined };
    const clock = createVirtualClock();
    const service = { root: folder, hashes: createHashes({ clock }), clock };
    const client = { cut: () => false, signal: new AbortController().signal };
    const first = async (now: number): Promise<number | undefined> => {
      const sending = { now };
      const answer = await answerFile("vmlinuz", request, { ...service, sending }, client);
      const reader = answer?.body?.getReader();
      const { value } = await reader?.read() ?? {};
      await reader?.cancel();
      assert.equal(sending.now, now);
      return value?.length;
    };
    assert.deepEqual([await first(0), await first(1_000)], [262_144, 32_768]);
    const sending = { now: 0 };
    const ends: SendEnd[] = [];
    const gone = { ...client, signal: AbortSignal.abort(), end: (end: SendEnd) => void ends.push(end) };
    await answerFile("vmlinuz", request, { ...service, sending }, gone);
    assert.equal(sending.now, 0);
    assert.deepEqual(ends, [{ why: "the client closed the connection", taken: 0, length: KERNEL.length }]);
    assert.equal(clock.waiting, 0, "no timer is left behind");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

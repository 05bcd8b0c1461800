import assert from "node:assert/strict";
import { truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createHashes } from "../../aggregator/boot/http/hashes.ts";
import { type SendEnd, sendPart, type SendParts } from "../../aggregator/boot/http/send_part.ts";
import { type OpenFile, openFile } from "../../aggregator/boot/open_file.ts";
import { withFolder } from "../support/folder.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

const CHUNK = 256 * 1024;
const SIZE = 2 * CHUNK + 100;
const BYTES = Uint8Array.from({ length: SIZE }, (_, index) => (index * 7) % 251);

/** A part of a file of three chunks that is being sent, and what is told of it. */
async function withPart(
  [first, last]: readonly [first: number, last: number],
  body: (world: {
    readonly reader: ReadableStreamDefaultReader<Uint8Array>;
    readonly path: string;
    readonly file: OpenFile;
    readonly sending: { now: number };
    readonly sent: number[][];
    readonly ends: SendEnd[];
    readonly clock: ReturnType<typeof createVirtualClock>;
    readonly leaving: AbortController;
    /** Told of each closing of the connection. */
    readonly cuts: number[];
  }) => Promise<void>,
  options: { readonly hasConnection?: boolean; readonly others?: number } = {},
): Promise<void> {
  await withFolder(async (folder) => {
    const path = join(folder, "file");
    writeFileSync(path, BYTES);
    const file = await openFile(folder, "file") ?? assert.fail("there is none");
    const clock = createVirtualClock();
    const leaving = new AbortController();
    const sending = { now: options.others ?? 0 };
    const sent: number[][] = [];
    const ends: SendEnd[] = [];
    const cuts: number[] = [];
    const parts: SendParts = {
      ...{ clock, sending, signal: leaving.signal },
      cut: () => cuts.push(clock.now()) > 0 && options.hasConnection !== false,
      sent: (...bytes) => void sent.push(bytes),
      end: (end) => void ends.push(end),
    };
    const reader = sendPart(file, { first, last }, parts).getReader();
    await body({ reader, path, file, sending, sent, ends, clock, leaving, cuts });
    assert.equal(sending.now, options.others ?? 0);
    assert.equal(clock.waiting, 0, "no timer is left behind");
    await assert.rejects(file.handle.stat(), "the file is closed");
  });
}

async function readAll(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks;
    chunks.push(value);
  }
}

test("a part is sent in chunks, byte for byte, and what was taken is told once more is wanted", () =>
  withPart([10, SIZE - 2], async ({ reader, sent, ends, sending, cuts }) => {
    assert.equal(sending.now, 1);
    const chunks = await readAll(reader);
    assert.deepEqual(chunks.map(({ length }) => length), [CHUNK, CHUNK, SIZE - 2 * CHUNK - 11]);
    assert.ok(Buffer.concat(chunks).equals(BYTES.subarray(10, SIZE - 1)));
    assert.deepEqual(sent, [
      [10, 10 + CHUNK, SIZE],
      [10, 10 + 2 * CHUNK, SIZE],
      [10, SIZE - 1, SIZE],
    ]);
    assert.deepEqual(ends, [{ why: undefined, taken: SIZE - 11, length: SIZE - 11 }]);
    assert.deepEqual(cuts, [], "the connection is good for the next request");
  }));

test("one byte is sent as one byte", () =>
  withPart([SIZE - 1, SIZE - 1], async ({ reader, ends }) => {
    assert.deepEqual(await readAll(reader), [BYTES.subarray(SIZE - 1)]);
    assert.deepEqual(ends, [{ why: undefined, taken: 1, length: 1 }]);
  }));

test("a reader that goes has taken what came before it wanted more", () =>
  withPart([0, SIZE - 1], async ({ reader, sent, ends }) => {
    await reader.read();
    await reader.read();
    await reader.cancel();
    assert.deepEqual(sent, [[0, CHUNK, SIZE]]);
    assert.deepEqual(ends, [{ why: "the client closed the connection", taken: CHUNK, length: SIZE }]);
  }));

test("a client that goes ends it once, and nothing more is told to be taken", () =>
  withPart([0, SIZE - 1], async ({ reader, sent, ends, leaving, cuts }) => {
    await reader.read();
    leaving.abort();
    assert.deepEqual(await readAll(reader), []);
    await reader.cancel();
    assert.deepEqual(sent, []);
    assert.deepEqual(ends, [{ why: "the client closed the connection", taken: 0, length: SIZE }]);
    assert.deepEqual(cuts, []);
  }));

test("a client that takes nothing for 60 s has its connection cut; each chunk that it takes gives it 60 s anew", () =>
  withPart([0, SIZE - 1], async ({ reader, ends, clock, cuts }) => {
    await clock.advance(59_000);
    await reader.read();
    await clock.advance(59_999);
    assert.deepEqual([ends, cuts], [[], []]);
    await reader.read();
    await clock.advance(59_999);
    assert.deepEqual([ends, cuts], [[], []]);
    await clock.advance(1);
    assert.deepEqual([ends, cuts], [
      [{ why: "it took nothing for 60 s", taken: CHUNK, length: SIZE }],
      [59_000 + 59_999 + 60_000],
    ]);
  }));

test("a client that has all but the last byte has not had all", () =>
  withPart([0, CHUNK], async ({ reader, ends }) => {
    await reader.read();
    await reader.read();
    await reader.cancel();
    assert.deepEqual(ends, [{ why: "the client closed the connection", taken: CHUNK, length: CHUNK + 1 }]);
  }));

test("a client that never takes anything has its connection cut after 60 s", () =>
  withPart([0, SIZE - 1], async ({ ends, clock, cuts }) => {
    await clock.advance(59_999);
    assert.deepEqual(ends, []);
    await clock.advance(1);
    assert.deepEqual([ends, cuts], [[{ why: "it took nothing for 60 s", taken: 0, length: SIZE }], [60_000]]);
  }));

test("where more than 256 files are sent each costs 32 KiB", async () => {
  for (const [others, length] of [[255, CHUNK], [256, 32 * 1024]] as const) {
    await withPart([0, SIZE - 1], async ({ reader }) => {
      assert.equal((await reader.read()).value?.length, length);
      await reader.cancel();
    }, { others });
  }
});

test("of a file that changes only what came before its last bytes is sent, and the connection is cut", () =>
  withPart([0, SIZE - 1], async ({ reader, path, ends, cuts }) => {
    await reader.read();
    utimesSync(path, 1, 1);
    const rest = await readAll(reader);
    assert.deepEqual(rest.map(({ length }) => length), [CHUNK], "its end does not come");
    assert.deepEqual(ends, [{ why: "the file was changed while it was sent", taken: 2 * CHUNK, length: SIZE }]);
    assert.equal(cuts.length, 1);
  }));

test("a change after a part's end was read says nothing of that part's beginning", () =>
  withPart([0, CHUNK], async ({ reader, path, ends }) => {
    await reader.read();
    await reader.read(); // its last byte
    utimesSync(path, 1, 1);
    assert.deepEqual(await readAll(reader), []);
    assert.deepEqual(ends.map(({ why }) => why), [undefined]);
  }));

test("where there is no connection to cut the reader gets an error that names the file", () =>
  withPart([0, SIZE - 1], async ({ reader, path, ends }) => {
    await reader.read();
    truncateSync(path, 1_000);
    const why = "the file became shorter while it was sent";
    await assert.rejects(readAll(reader), { message: `Cannot send "${path}": ${why}` });
    assert.deepEqual(ends, [{ why, taken: CHUNK, length: SIZE }]);
  }, { hasConnection: false }));

test("a file that can't be read any more says so", () =>
  withPart([0, SIZE - 1], async ({ reader, file, ends }) => {
    await reader.read();
    await file.handle.close();
    await readAll(reader).catch(() => {}); // it may not be closed twice
    assert.match(ends[0]?.why ?? "", /^the file can't be read: (?!\w*Error: )/);
  }));

/** A file of this many bytes that was changed so long ago. */
function fileOf(size: number, age: number, wall: number, path = "/x"): OpenFile {
  const handle: OpenFile["handle"] = Object.create(null);
  return { handle, path, size, version: `${size} ${wall - age}`, changed: wall - age };
}

test("a file of more than 64 MiB is not read before its last change is 2 s old, and a smaller one at once", async () => {
  const clock = createVirtualClock();
  const reads: [string, number][] = [];
  const hashes = createHashes({
    clock,
    wall: () => 1_000_000 + clock.now(),
    hash: ({ path }) => {
      reads.push([path, clock.now()]);
      return Promise.resolve(`hash of ${path}`);
    },
  });
  const limit = 64 * 1024 * 1024;
  const cases: [path: string, size: number, age: number][] = [
    ["small", limit, 0],
    ["large", limit + 1, 0],
    ["older", limit + 1, 1_500],
    ["old", limit + 1, 2_000],
    ["ahead", limit + 1, -500_000],
  ];
  const all = cases.map(([path, size, age]) => hashes.within(fileOf(size, age, 1_000_000, path), 10_000));
  await clock.advance(5_000);
  assert.deepEqual(await Promise.all(all), cases.map(([path]) => `hash of ${path}`));
  assert.deepEqual(reads.sort(), [["ahead", 2_000], ["large", 2_000], ["old", 0], ["older", 500], ["small", 0]]);
});

test("the hashes of 1024 files are remembered, and of one more the oldest is forgotten", async () => {
  const clock = createVirtualClock();
  let reads = 0;
  const hashes = createHashes({ clock, wall: () => 1_000_000, hash: () => Promise.resolve(`${++reads}`) });
  const hash = (n: number) => hashes.within(fileOf(1, 10_000, 1_000_000, `/f${n}`), 10_000);
  for (let n = 1; n <= 1_024; n++) await hash(n);
  assert.equal(await hash(1), "1");
  await hash(1_025);
  assert.equal(await hash(2), "2");
  assert.equal(reads, 1_025);
  assert.equal(await hash(1), "1026");
});

test("a file that was replaced is known by its new version only", async () => {
  const clock = createVirtualClock();
  let reads = 0;
  const hashes = createHashes({ clock, wall: () => 1_000_000, hash: () => Promise.resolve(`${++reads}`) });
  const older = fileOf(1, 20_000, 1_000_000);
  const newer = fileOf(1, 10_000, 1_000_000);
  assert.deepEqual([await hashes.within(older, 1), await hashes.within(newer, 1)], ["1", "2"]);
  assert.equal(await hashes.within(newer, 1), "2");
  assert.equal(clock.waiting, 0, "no timer is left behind");
});

test("what is hashed in the background ends with the program", async () => {
  const clock = createVirtualClock();
  const ending = new AbortController();
  let reads = 0;
  const hashes = createHashes({
    ...{ clock, wall: () => 1_000_000, signal: ending.signal },
    hash: () => Promise.resolve(`${++reads}`),
  });
  const waiting = hashes.within(fileOf(64 * 1024 * 1024 + 1, 0, 1_000_000), 10_000);
  await clock.advance(1);
  ending.abort(new Error("it is to end"));
  await clock.advance(5_000);
  assert.deepEqual([await waiting, reads], [undefined, 0]);
  assert.equal(clock.waiting, 0, "no timer is left behind");
});

test("a hash is kept of a file whose last change is 2 s old, and not of one that changed later", async () => {
  for (const [age, reads] of [[2_000, 1], [1_999, 2]] as const) {
    let read = 0;
    const clock = createVirtualClock();
    const hashes = createHashes({ clock, wall: () => 1_000_000, hash: () => Promise.resolve(`${++read}`) });
    for (let time = 0; time < 2; time++) {
      await hashes.within(fileOf(1, age, 1_000_000), 1);
      await clock.advance(0);
    }
    assert.equal(read, reads, `${age} ms`);
  }
});

test("a file that was replaced is forgotten as late as a new one", async () => {
  let reads = 0;
  const hashes = createHashes({
    clock: createVirtualClock(),
    wall: () => 1_000_000,
    hash: () => Promise.resolve(`${++reads}`),
  });
  const hash = (n: number, age = 10_000) => hashes.within(fileOf(1, age, 1_000_000, `/f${n}`), 10_000);
  for (let n = 1; n <= 1_024; n++) await hash(n);
  assert.equal(await hash(1, 9_000), "1025");
  await hash(1_025);
  assert.equal(await hash(1, 9_000), "1025");
  assert.equal(await hash(2), "1027", "it was the oldest");
});

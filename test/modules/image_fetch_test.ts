import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setImmediate } from "node:timers";
import { createCoverage, fc } from "../support/property.ts";
import { fetchLayer } from "../../modules/image/fetch_layer.ts";
import { openPartial, type PartialFile } from "../../modules/image/partial.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { sha256 } from "./image_server.ts";

/** What a server does with one request. */
type Act =
  | { readonly kind: "serve" }
  /** The connection ends, or says nothing more, after so many bytes. */
  | { readonly kind: "cut" | "stall"; readonly after: number }
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "away" }
  /** It answers with all of the file, whatever was asked for. */
  | { readonly kind: "no ranges" }
  /** From now on it has the other version of the file. */
  | { readonly kind: "change" }
  | { readonly kind: "wrong range" }
  /** What is to be the rest is of the other version, whatever its entity tag is to be. */
  | { readonly kind: "mixed" }
  /** More bytes come than were stated. */
  | { readonly kind: "more" }
  /** It has no answer to a range but this status. */
  | { readonly kind: "no answer to ranges"; readonly status: number }
  | { readonly kind: "no length" };

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom("cut", "stall"), after: fc.nat(400) }, { noNullPrototype: true }),
  },
  fc.record({ kind: fc.constant("status"), status: fc.constantFrom(500, 503, 429, 408) }, { noNullPrototype: true }),
  fc.constantFrom<Act>(
    { kind: "serve" },
    { kind: "away" },
    { kind: "no ranges" },
    { kind: "change" },
    {
      kind: "wrong range",
    },
    { kind: "mixed" },
    { kind: "more" },
  ),
  fc.constantFrom(400, 412, 416, 501).map((status): Act => ({ kind: "no answer to ranges", status })),
);

/** A server that has two versions of a file, and does these acts in turn; then it serves. */
function scriptedServer(
  versions: readonly [Uint8Array, Uint8Array],
  acts: readonly Act[],
  { etags, pause }: { readonly etags: boolean; readonly pause: () => Promise<void> },
) {
  let [bytes] = versions;
  let served = 0;
  const asked: Record<string, string>[] = [];
  const left = [...acts];
  function fetch(_url: string, init: { headers: Record<string, string>; signal: AbortSignal }): Promise<Response> {
    let next = left.shift() ?? { kind: "serve" };
    asked.push(init.headers);
    if (next.kind === "change") {
      bytes = versions[1];
      next = { kind: "serve" };
    }
    if (next.kind === "away") return Promise.reject(new Error("refused"));
    if (next.kind === "status") return Promise.resolve(new Response("no", { status: next.status }));
    if (next.kind === "mixed") bytes = versions[1];
    const etag = `"${sha256(bytes)}"`;
    const ifRange = init.headers["if-range"];
    const first = Number(/^bytes=(\d+)-$/.exec(init.headers["range"] ?? "")?.[1] ?? 0);
    if (next.kind === "no answer to ranges" && first > 0) {
      return Promise.resolve(new Response("no", { status: next.status }));
    }
    if (first >= bytes.length && first > 0) return Promise.resolve(new Response(null, { status: 416 }));
    const isOther = next.kind !== "mixed" && ifRange !== undefined && ifRange !== etag;
    const whole = next.kind === "no ranges" || isOther || first === 0;
    const from = whole ? 0 : first;
    const end = next.kind === "cut" || next.kind === "stall" ? Math.min(bytes.length, from + next.after) : bytes.length;
    served += end - from;
    const sent = next.kind === "more" ? Uint8Array.from([...bytes.subarray(from), 1]) : bytes.subarray(from, end);
    const body = bodyOf(sent, next.kind, init.signal, pause);
    const headers = new Headers(etags ? { etag } : {});
    if (next.kind !== "no length") headers.set("content-length", String(bytes.length - from));
    const start = next.kind === "wrong range" ? from + 1 : from;
    if (!whole) headers.set("content-range", `bytes ${start}-${bytes.length - 1}/${bytes.length}`);
    return Promise.resolve(new Response(body, { status: whole ? 200 : 206, headers }));
  }
  return { fetch, served: () => served, asked };
}

function bodyOf(
  bytes: Uint8Array,
  kind: Act["kind"],
  signal: AbortSignal,
  pause: () => Promise<void>,
): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      await pause();
      if (signal.aborted) return controller.error(signal.reason);
      if (at < bytes.length) return controller.enqueue(bytes.slice(at, at += 64));
      if (kind === "cut") return controller.error(new Error("connection reset"));
      if (kind !== "stall") return controller.close();
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
    },
  }, { highWaterMark: 0 });
}

/** Files that tests fetch. */
const folder = mkdtempSync(join(tmpdir(), "kraken-fetch-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

/** A file on disk with what an earlier run has fetched, and a count of what is being done to it. */
async function partialWith(before: Uint8Array, etag: string | undefined) {
  const path = join(folder, `${files++}`);
  if (before.length > 0) writeFileSync(`${path}.part`, before);
  if (etag !== undefined) writeFileSync(`${path}.etag`, etag);
  const opened = await openPartial(path);
  let busy = 0;
  async function counted<T>(work: Promise<T>): Promise<T> {
    busy++;
    return await work.finally(() => busy--);
  }
  const partial: PartialFile = {
    get size() {
      return opened.size;
    },
    get etag() {
      return opened.etag;
    },
    append: (chunk) => counted(opened.append(chunk)),
    reset: (newEtag) => counted(opened.reset(newEtag)),
    digest: opened.digest,
    finish: () => counted(opened.finish()),
    close: opened.close,
  };
  return {
    partial,
    /** Its bytes, once they have their name. */
    finished: () => existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined,
    leftovers: () => [".part", ".etag"].filter((end) => existsSync(path + end)),
    /** Lets promises settle until nothing is being done to it. */
    async settle() {
      do await new Promise((resolve) => setImmediate(resolve)); while (busy > 0);
    },
  };
}

const file = Uint8Array.from({ length: 1000 }, (_, index) => index % 251);
const other = Uint8Array.from({ length: 900 }, (_, index) => index % 7);

/** Fetches `file` from a scripted server on a virtual clock. */
async function fetchBy(
  acts: readonly Act[],
  options: {
    readonly before?: Uint8Array;
    readonly etag?: string;
    readonly etags?: boolean;
    /** Milliseconds from one chunk of 64 bytes to the next. */
    readonly pace?: number;
    readonly issue?: string;
    readonly signal?: AbortSignal;
  } = {},
) {
  const { partial, finished, leftovers, settle } = await partialWith(options.before ?? new Uint8Array(), options.etag);
  const clock = createVirtualClock(settle);
  const { pace } = options;
  const server = scriptedServer([file, other], acts, {
    etags: options.etags ?? true,
    pause: async () => {
      if (pace !== undefined) await new Promise<void>((resolve) => void clock.after(pace, resolve));
    },
  });
  const percents: number[] = [];
  let outcome: { readonly error: Error | undefined } | undefined;
  fetchLayer({ name: "os", digest: sha256(file), url: "http://boot/os" }, partial, {
    fetch: server.fetch,
    clock,
    random: () => 0.5,
    issue: () => options.issue,
    onProgress: (done, total) => percents.push(done / total),
    signal: options.signal ?? new AbortController().signal,
  }).then(() => outcome = { error: undefined }, (error: Error) => outcome = { error });
  await clock.runUntil(() => outcome !== undefined, 3_600_000);
  await partial.close();
  return {
    error: outcome?.error,
    finished: finished(),
    leftovers: leftovers(),
    asked: server.asked,
    served: server.served(),
    took: clock.now(),
    waiting: clock.waiting,
    percents,
  };
}

test("fetchLayer() gives the file its name only when it is whole and right, whatever the server does", async () => {
  const covered = createCoverage("fetchLayer()", ["fetched", "given up", "resumed", "changed", "mixed"]);
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 12 }), fc.nat(1100), fc.boolean(), async (acts, start, etags) => {
      const before = start > 1000 ? other.slice(0, start - 1000) : file.slice(0, start);
      const { error, finished, leftovers, waiting, asked } = await fetchBy(acts, { before, etags });
      if (finished !== undefined) {
        assert.deepEqual(finished, file);
        assert.deepEqual(leftovers, []);
      }
      assert.equal(error === undefined, finished !== undefined);
      const has = (kind: Act["kind"]) => acts.some((each) => each.kind === kind);
      const isLasting = has("change") || has("mixed") || has("more");
      if (error !== undefined && !isLasting) assert.equal(error.name, "UnavailableError", error.message);
      assert.equal(waiting, 0, "no timer is left behind");
      covered.saw(
        error === undefined ? "fetched" : "given up",
        ...(asked.some(({ range }) => range !== undefined) ? ["resumed" as const] : []),
        ...(has("change") ? ["changed" as const] : []),
        ...(has("mixed") ? ["mixed" as const] : []),
      );
    }),
    { numRuns: 300 },
  );
  covered.check();
});

test("fetchLayer() has no byte sent twice over cuts, silence and busy servers", async () => {
  const harmless = act.filter(({ kind }) => kind === "cut" || kind === "stall" || kind === "status" || kind === "away");
  await fc.assert(
    fc.asyncProperty(fc.array(harmless, { maxLength: 5 }), async (acts) => {
      const { error, served } = await fetchBy(acts);
      assert.equal(error, undefined);
      assert.equal(served, file.length);
    }),
    { numRuns: 200 },
  );
});

test("fetchLayer() waits longer and longer for a server that is away, and then says that it can't be reached", async () => {
  const { error, took } = await fetchBy(Array<Act>(20).fill({ kind: "away" }));
  assert.equal(error?.name, "UnavailableError");
  assert.equal(error?.message, "Cannot fetch image 'os' from http://boot/os: refused");
  assert.equal(took, 0.75 * (1000 + 2000 + 4000 + 8000 + 15000));
});

test("fetchLayer() goes on over any number of cuts, as long as each attempt brings something", async () => {
  const { error, finished, took } = await fetchBy(Array<Act>(20).fill({ kind: "cut", after: 40 }));
  assert.equal(error, undefined);
  assert.deepEqual(finished, file);
  assert.equal(took, 20 * 0.75 * 500, "the waits are short again");
});

test("fetchLayer() gives up on a server that cuts, and answers each resume with what is no rest", async () => {
  const round: Act[] = [{ kind: "cut", after: 500 }, { kind: "no answer to ranges", status: 416 }];
  const { error, asked } = await fetchBy(Array<Act[]>(50).fill(round).flat());
  assert.equal(error?.name, "UnavailableError");
  assert.ok(asked.length < 16, `${asked.length} requests`);
});

test("fetchLayer() is patient with a server that sends little at a time, and not with one that sends nothing for 15 s", async () => {
  const slow = await fetchBy([], { pace: 14_000 });
  assert.equal(slow.error, undefined);
  assert.equal(slow.asked.length, 1);
  assert.deepEqual(slow.finished, file);
  const silent = await fetchBy([], { pace: 15_001 });
  assert.equal(silent.error?.message, "Cannot fetch image 'os' from http://boot/os: nothing came for 15 s");
});

test("fetchLayer() takes no byte beyond what the server stated", async () => {
  for (const before of [new Uint8Array(), file.slice(0, 500)]) {
    const { error, finished } = await fetchBy([{ kind: "more" }], { before });
    assert.equal(error?.message, "Cannot fetch image 'os' from http://boot/os: the server sends more than it states");
    assert.equal(finished, undefined);
  }
});

test("fetchLayer() asks for the rest of the file that it has a part of, and names that by its entity tag", async () => {
  const etag = `"${sha256(file)}"`;
  const cut = await fetchBy([{ kind: "cut", after: 500 }]);
  assert.deepEqual(cut.asked, [{ "accept-encoding": "identity" }, {
    ...{ "accept-encoding": "identity", range: "bytes=500-" },
    "if-range": etag,
  }]);
  const kept = await fetchBy([], { before: file.slice(0, 500), etag });
  assert.equal(kept.asked[0]?.["if-range"], etag, "an earlier run has kept it");
  assert.equal(kept.served, 500);
  const replaced = await fetchBy([{ kind: "change" }], { before: file.slice(0, 500), etag });
  assert.equal(replaced.served, other.length, "it gets all of the other one, at once");
  assert.match(replaced.error?.message ?? "", /has the SHA-256/);
});

test("fetchLayer() fetches all again when the rest is answered otherwise than it should be", async () => {
  const before = file.slice(0, 500);
  const etag = `"${sha256(file)}"`;
  for (const status of [400, 405, 412, 416, 501, 505]) {
    const { error, finished, asked } = await fetchBy([{ kind: "no answer to ranges", status }], { before, etag });
    assert.equal(error, undefined, `${status}`);
    assert.deepEqual(finished, file);
    assert.deepEqual(asked.map(({ range }) => range), ["bytes=500-", undefined]);
  }
  for (const act of [{ kind: "wrong range" }, { kind: "no ranges" }] as const) {
    const { error, finished } = await fetchBy([act], { before, etag });
    assert.equal(error, undefined);
    assert.deepEqual(finished, file);
  }
  const gone = await fetchBy([{ kind: "no answer to ranges", status: 404 }], { before, etag });
  assert.deepEqual([gone.error?.message, gone.leftovers], [
    "Cannot fetch image 'os' from http://boot/os: status 404",
    [".part", ".etag"],
  ]);
});

test("fetchLayer() takes no part of a file whose entity tag is another than the one that it asked for", async () => {
  const { asked, finished } = await fetchBy([{ kind: "mixed" }], { before: file.slice(0, 500), etag: '"x"' });
  assert.equal(finished, undefined);
  assert.deepEqual(asked.map(({ range }) => range), ["bytes=500-", undefined]);
});

test("fetchLayer() gives up at once on what no second attempt changes", async () => {
  const refused = await fetchBy([{ kind: "status", status: 404 }]);
  assert.equal(refused.error?.message, "Cannot fetch image 'os' from http://boot/os: status 404");
  const endless = await fetchBy([{ kind: "no length" }]);
  assert.match(endless.error?.message ?? "", /does not state its size \(Content-Length\)$/);
  const large = await fetchBy([], { issue: "3 MiB are free" });
  assert.match(large.error?.message ?? "", /its 1 MiB do not fit: 3 MiB are free$/);
  const wrong = await fetchBy([{ kind: "change" }]);
  assert.match(wrong.error?.message ?? "", /^Image 'os' from .* has the SHA-256 [0-9a-f]{64}: expected [0-9a-f]{64}$/);
  for (const { took, error, finished } of [refused, endless, large, wrong]) {
    assert.equal(took, 0);
    assert.equal(error?.name, "Error");
    assert.equal(finished, undefined);
  }
});

test("fetchLayer() fetches all again when what was there is of another file", async () => {
  const { error, finished, served } = await fetchBy([], { before: other.slice(0, 500), etags: false });
  assert.equal(error, undefined);
  assert.deepEqual(finished, file);
  assert.equal(served, 500 + file.length);
});

test("fetchLayer() asks for nothing when all of it is there", async () => {
  const { error, finished, served } = await fetchBy([{ kind: "away" }], { before: file });
  assert.equal(error, undefined);
  assert.deepEqual(finished, file);
  assert.equal(served, 0);
});

test("fetchLayer() ends when it is not wanted any more, also while it waits", async () => {
  const controller = new AbortController();
  controller.abort(new Error("not wanted"));
  const { error, finished } = await fetchBy([{ kind: "away" }], { signal: controller.signal });
  assert.equal(error?.message, "not wanted");
  assert.equal(finished, undefined);
});

test("a partial file has what was appended since it was last begun anew, and that alone, over runs", async () => {
  const bytes = fc.uint8Array({ maxLength: 2_000 });
  const step = fc.oneof(
    { weight: 3, arbitrary: bytes.map((chunk) => ({ kind: "append" as const, chunk })) },
    fc.constantFrom('"a"', '"b"', undefined).map((etag) => ({ kind: "reset" as const, etag })),
    fc.constant({ kind: "reopen" as const }),
  );
  const covered = createCoverage("a partial file", ["append", "reset", "reopen"], 0.1);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const path = join(folder, `${files++}`);
      let partial = await openPartial(path);
      let expected = new Uint8Array();
      let etag: string | undefined;
      for (const each of steps) {
        if (each.kind === "append") {
          await partial.append(each.chunk);
          expected = Uint8Array.from([...expected, ...each.chunk]);
        } else if (each.kind === "reset") {
          await partial.reset(each.etag);
          expected = new Uint8Array();
          etag = each.etag;
        } else {
          await partial.close();
          partial = await openPartial(path);
        }
        assert.deepEqual([partial.size, partial.etag, partial.digest()], [expected.length, etag, sha256(expected)]);
        assert.ok(!existsSync(path), "it has its name too early");
      }
      await partial.finish();
      await partial.close();
      assert.deepEqual(new Uint8Array(readFileSync(path)), expected);
      assert.deepEqual([".part", ".etag"].filter((end) => existsSync(path + end)), []);
      covered.saw(...steps.map(({ kind }) => kind));
    }),
    { numRuns: 60 },
  );
  covered.check();
});

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { fc } from "../support/property.ts";
import { fetchLayer } from "../../modules/image/fetch_layer.ts";
import type { PartialFile } from "../../modules/image/partial.ts";
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
  | { readonly kind: "no length" };

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom("cut", "stall"), after: fc.nat(400) }, { noNullPrototype: true }),
  },
  fc.record({ kind: fc.constant("status"), status: fc.constantFrom(500, 503, 429, 408) }, { noNullPrototype: true }),
  fc.constantFrom<Act>({ kind: "serve" }, { kind: "away" }, { kind: "no ranges" }, { kind: "change" }, {
    kind: "wrong range",
  }),
);

/** A server that has two versions of a file, and does these acts in turn; then it serves. */
function scriptedServer(versions: readonly [Uint8Array, Uint8Array], acts: readonly Act[], etags: boolean) {
  let [bytes] = versions;
  let served = 0;
  const left = [...acts];
  function fetch(_url: string, init: { headers: Record<string, string>; signal: AbortSignal }): Promise<Response> {
    let next = left.shift() ?? { kind: "serve" };
    if (next.kind === "change") {
      bytes = versions[1];
      next = { kind: "serve" };
    }
    if (next.kind === "away") return Promise.reject(new Error("refused"));
    if (next.kind === "status") return Promise.resolve(new Response("no", { status: next.status }));
    const etag = `"${sha256(bytes)}"`;
    const ifRange = init.headers["if-range"];
    const asked = Number(/^bytes=(\d+)-$/.exec(init.headers["range"] ?? "")?.[1] ?? 0);
    if (asked >= bytes.length && asked > 0) return Promise.resolve(new Response(null, { status: 416 }));
    const whole = next.kind === "no ranges" || (ifRange !== undefined && ifRange !== etag) || asked === 0;
    const from = whole ? 0 : asked;
    const end = next.kind === "cut" || next.kind === "stall" ? Math.min(bytes.length, from + next.after) : bytes.length;
    served += end - from;
    const body = bodyOf(bytes.subarray(from, end), next.kind, init.signal);
    const headers = new Headers(etags ? { etag } : {});
    if (next.kind !== "no length") headers.set("content-length", String(bytes.length - from));
    const start = next.kind === "wrong range" ? from + 1 : from;
    if (!whole) headers.set("content-range", `bytes ${start}-${bytes.length - 1}/${bytes.length}`);
    return Promise.resolve(new Response(body, { status: whole ? 200 : 206, headers }));
  }
  return { fetch, served: () => served };
}

function bodyOf(bytes: Uint8Array, kind: Act["kind"], signal: AbortSignal): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < bytes.length) return controller.enqueue(bytes.slice(at, at += 64));
      if (kind === "cut") return controller.error(new Error("connection reset"));
      if (kind !== "stall") return controller.close();
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
    },
  }, { highWaterMark: 0 });
}

/** A partial file in memory. */
function memoryFile(before: Uint8Array): PartialFile & { readonly finished: Uint8Array | undefined } {
  let bytes = before;
  let etag: string | undefined;
  let finished: Uint8Array | undefined;
  return {
    get size() {
      return bytes.length;
    },
    get etag() {
      return etag;
    },
    get finished() {
      return finished;
    },
    append(chunk) {
      bytes = Uint8Array.from([...bytes, ...chunk]);
      return Promise.resolve();
    },
    reset(newEtag) {
      bytes = new Uint8Array();
      etag = newEtag;
      return Promise.resolve();
    },
    digest: () => createHash("sha256").update(bytes).digest("hex"),
    finish() {
      finished = bytes;
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

const file = Uint8Array.from({ length: 1000 }, (_, index) => index % 251);
const other = Uint8Array.from({ length: 900 }, (_, index) => index % 7);

/** Fetches `file` from a scripted server on a virtual clock. */
async function fetchBy(
  acts: readonly Act[],
  options: {
    readonly before?: Uint8Array;
    readonly etags?: boolean;
    readonly misfit?: string;
    readonly signal?: AbortSignal;
  } = {},
) {
  const clock = createVirtualClock();
  const partial = memoryFile(options.before ?? new Uint8Array());
  const server = scriptedServer([file, other], acts, options.etags ?? true);
  const percents: number[] = [];
  let outcome: { readonly error: Error | undefined } | undefined;
  fetchLayer({ name: "os", digest: sha256(file), url: "http://boot/os" }, partial, {
    fetch: server.fetch,
    clock,
    random: () => 0.5,
    misfit: () => options.misfit,
    onProgress: (done, total) => percents.push(done / total),
    signal: options.signal ?? new AbortController().signal,
  }).then(() => outcome = { error: undefined }, (error: Error) => outcome = { error });
  await clock.runUntil(() => outcome !== undefined, 3_600_000);
  return {
    error: outcome?.error,
    partial,
    served: server.served(),
    took: clock.now(),
    waiting: clock.waiting,
    percents,
  };
}

test("fetchLayer() gives the file its name only when it is whole and right, whatever the server does", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 12 }), fc.nat(1100), fc.boolean(), async (acts, start, etags) => {
      const before = start > 1000 ? other.slice(0, start - 1000) : file.slice(0, start);
      const { error, partial, waiting } = await fetchBy(acts, { before, etags });
      if (partial.finished !== undefined) assert.deepEqual(partial.finished, file);
      assert.equal(error === undefined, partial.finished !== undefined);
      const changed = acts.some(({ kind }) => kind === "change");
      if (error !== undefined && !changed) assert.equal(error.name, "UnavailableError", error.message);
      assert.equal(waiting, 0, "no timer is left behind");
    }),
    { numRuns: 300 },
  );
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

test("fetchLayer() gives up at once on what no second attempt changes", async () => {
  const refused = await fetchBy([{ kind: "status", status: 404 }]);
  assert.equal(refused.error?.message, "Cannot fetch image 'os' from http://boot/os: status 404");
  const endless = await fetchBy([{ kind: "no length" }]);
  assert.match(endless.error?.message ?? "", /does not state its size \(Content-Length\)$/);
  const large = await fetchBy([], { misfit: "3 MiB are free" });
  assert.match(large.error?.message ?? "", /its 1 MiB do not fit: 3 MiB are free$/);
  const wrong = await fetchBy([{ kind: "change" }]);
  assert.match(wrong.error?.message ?? "", /^Image 'os' from .* has the SHA-256 [0-9a-f]{64}: expected [0-9a-f]{64}$/);
  for (const { took, error } of [refused, endless, large, wrong]) {
    assert.equal(took, 0);
    assert.equal(error?.name, "Error");
  }
});

test("fetchLayer() fetches all again when what was there is of another file", async () => {
  const { error, partial, served } = await fetchBy([], { before: other.slice(0, 500), etags: false });
  assert.equal(error, undefined);
  assert.deepEqual(partial.finished, file);
  assert.equal(served, 500 + file.length);
});

test("fetchLayer() asks for nothing when all of it is there", async () => {
  const { error, partial, served } = await fetchBy([{ kind: "away" }], { before: file });
  assert.equal(error, undefined);
  assert.deepEqual(partial.finished, file);
  assert.equal(served, 0);
});

test("fetchLayer() ends when it is not wanted any more, also while it waits", async () => {
  const controller = new AbortController();
  controller.abort(new Error("not wanted"));
  const { error, partial } = await fetchBy([{ kind: "away" }], { signal: controller.signal });
  assert.equal(error?.message, "not wanted");
  assert.equal(partial.finished, undefined);
});

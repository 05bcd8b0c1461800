import { createHash } from "node:crypto";
import type { Clock } from "../../src/clock.ts";
import { answerProblem, faulty } from "../../src/http/mod.ts";

/** How long an answer is kept for who sends the same request again, in milliseconds. */
export const KEPT = 600_000;
/** The most answers that are kept, and the most characters of them. */
const MAX_ANSWERS = 1000;
const MAX_SIZE = 64 * 1024 * 1024;
const MAX_KEY = 200;

/** An answer that can be given again. */
interface KeptAnswer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly text: string;
}

/** Does the same request with the same `Idempotency-Key` once, however often it is sent. */
export interface Replays {
  /** @param request What was asked, whole: another request with the same key is refused. */
  run(key: string, request: string, perform: () => Promise<Response>): Promise<Response>;
}

interface Entry {
  readonly request: string;
  readonly at: number;
  /** Undefined where nothing was done. */
  readonly answer: Promise<KeptAnswer | undefined>;
  size: number;
}

/** Makes it, in memory: a restart forgets, and what was changed before stays changed. */
export function createReplays(clock: Clock): Replays {
  const entries = new Map<string, Entry>(); // the oldest first
  let size = 0;

  function forget(key: string, entry: Entry): void {
    if (entries.get(key) !== entry) return;
    entries.delete(key);
    size -= entry.size;
  }
  function tidy(): void {
    for (const [key, entry] of entries) {
      const isTooMuch = entries.size > MAX_ANSWERS || size > MAX_SIZE;
      if (!isTooMuch && clock.now() - entry.at < KEPT) return;
      forget(key, entry);
    }
  }

  return {
    async run(key, request, perform) {
      if (!/^[\x21-\x7e]+$/.test(key) || key.length > MAX_KEY) {
        const detail = `Idempotency-Key is '${key.slice(0, 40)}': expected 1 to ${MAX_KEY} printable characters`;
        return answerProblem(faulty("malformed", [{ detail, parameter: "Idempotency-Key" }]));
      }
      tidy();
      const digest = createHash("sha256").update(request).digest("base64");
      for (let known = entries.get(key); known !== undefined; known = entries.get(key)) {
        if (known.request !== digest) {
          const detail = `Idempotency-Key '${key}' was sent before, with another request: expected a new one`;
          return answerProblem({ kind: "key-reused", detail });
        }
        const kept = await known.answer;
        if (kept !== undefined) return toResponse(kept);
        forget(key, known); // nothing was done: who comes next tries it
      }
      const performed = perform();
      const answer = performed.then(keep, () => undefined);
      const entry: Entry = { request: digest, at: clock.now(), answer, size: 0 };
      entries.set(key, entry);
      const kept = await answer;
      if (kept === undefined) forget(key, entry);
      else if (entries.get(key) === entry) {
        entry.size = kept.text.length;
        size += entry.size;
        tidy();
      }
      return await performed;
    },
  };
}

/** Keeps an answer to something that was done. What was refused changed nothing: it may be tried again. */
async function keep(response: Response): Promise<KeptAnswer | undefined> {
  if (response.status >= 300) return undefined;
  const { status, headers } = response;
  const text = await response.clone().text();
  if (text.length <= MAX_SIZE) return { status, headers: Object.fromEntries(headers), text };
  const detail = "It was done before, and its answer was too large to keep: look at what it changed";
  const done = answerProblem({ kind: "conflict", detail });
  return { status: done.status, headers: Object.fromEntries(done.headers), text: await done.text() };
}

function toResponse({ status, headers, text }: KeptAnswer): Response {
  return new Response(text, { status, headers: { ...headers } });
}

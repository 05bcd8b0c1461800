import type { Clock, Random } from "../../src/clock.ts";
import type { HttpAnswer } from "../../src/http_client.ts";
import { UnavailableError } from "../../src/module/mod.ts";
import { backoff, durationText, errorText, pause } from "../../src/toolkit/mod.ts";
import type { Layer } from "./config.ts";
import type { PartialFile } from "./partial.ts";
import { rangeHeaders, readRangeAnswer } from "./range.ts";

/** How long a server may send nothing, in milliseconds. */
const SILENCE_LIMIT = 15_000;
/** Number of attempts in a row without new data before the fetch fails. */
const MAX_FRUITLESS = 6;
/** The first and the longest pause between two attempts, in milliseconds. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;

/** What fetching needs. */
export interface FetchParts {
  readonly fetch: (url: string, init: { headers: Record<string, string>; signal: AbortSignal }) => Promise<HttpAnswer>;
  readonly clock: Clock;
  readonly random: Random;
  /** Returns why this many more bytes do not fit; undefined if they do. */
  readonly issue: (bytes: number) => string | undefined;
  /** Called with the bytes present and the bytes in total. */
  readonly onProgress: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Fetches `layer`. It continues from what an earlier attempt has fetched, and retries after broken connections and busy
 * servers with growing pauses. The file gets its own name only if it has the layer's digest.
 *
 * @param partial The file so far.
 * @param parts What fetching needs.
 * @throws {UnavailableError} If the server cannot be reached, or sends nothing for too long.
 * @throws {Error} If the server refuses it, it does not fit, or it has another digest.
 */
export async function fetchLayer(layer: Layer, partial: PartialFile, parts: FetchParts): Promise<void> {
  // An earlier run may have ended before it could finish the file.
  if (partial.size > 0 && partial.digest() === layer.digest) return await partial.finish();
  let fruitless = 0;
  /** The largest size so far: falling back and reaching it again is no progress. */
  let most = partial.size;
  for (;;) {
    const outcome = await attempt(layer, partial, parts);
    if (outcome === "whole" || outcome === "joined") {
      const found = partial.digest();
      if (found === layer.digest) return await partial.finish();
      await partial.reset(undefined);
      // A file of two versions is invalid, which says nothing about the version that the server has now.
      if (outcome === "whole") {
        throw new Error(`Image '${layer.name}' from ${layer.url} has the SHA-256 ${found}: expected ${layer.digest}`);
      }
      continue;
    }
    fruitless = partial.size > most ? 0 : fruitless + 1;
    most = Math.max(most, partial.size);
    if (outcome === "stale") await partial.reset(undefined);
    if (fruitless >= MAX_FRUITLESS) {
      const why = outcome === "stale" ? "the server contradicts itself" : outcome.why;
      throw new UnavailableError(`Cannot fetch ${what(layer)}: ${why}`);
    }
    if (outcome !== "stale") {
      await pause(parts.clock, backoff(FIRST_WAIT, LONGEST_WAIT, fruitless, parts.random), parts.signal);
    }
  }
}

/**
 * Makes one request and appends the bytes as they arrive. `joined`: the file is complete, and part of it is from an
 * earlier request.
 */
async function attempt(
  layer: Layer,
  partial: PartialFile,
  parts: FetchParts,
): Promise<"whole" | "joined" | "stale" | { readonly why: string }> {
  const silence = new AbortController();
  let cancel = () => {};
  const heard = () => {
    cancel();
    const why = new Error(`nothing came for ${durationText(SILENCE_LIMIT)}`);
    cancel = parts.clock.after(SILENCE_LIMIT, () => silence.abort(why));
  };
  const signal = AbortSignal.any([parts.signal, silence.signal]);
  let total = Infinity;
  let all: "whole" | "joined" = "joined";
  const refuse = (why: string) => new Refusal(`Cannot fetch ${what(layer)}: ${why}`);
  try {
    heard();
    const response = await parts.fetch(layer.url, { headers: rangeHeaders(partial), signal });
    const answer = readRangeAnswer(response.status, response.headers, partial);
    if (answer.kind !== "rest" && answer.kind !== "whole") {
      await response.body?.cancel();
      if (answer.kind === "stale") return "stale";
      if (answer.kind === "refused") throw refuse(answer.why);
      return { why: answer.why };
    }
    const issue = parts.issue(answer.length);
    if (issue !== undefined) {
      await response.body?.cancel();
      throw refuse(`its ${mebibytes(answer.length)} do not fit: ${issue}`);
    }
    if (answer.kind === "whole") {
      await partial.reset(answer.etag);
      all = "whole";
    }
    total = partial.size + answer.length;
    for await (const chunk of response.body ?? []) {
      heard();
      if (partial.size + chunk.length > total) throw refuse("the server sends more than it states");
      await partial.append(chunk);
      parts.onProgress(partial.size, total);
      parts.signal.throwIfAborted();
    }
    return partial.size === total ? all : { why: `the connection ended after ${partial.size} of ${total} bytes` };
  } catch (error) {
    parts.signal.throwIfAborted();
    if (error instanceof Refusal) throw error;
    if (partial.size === total) return all; // a connection that breaks after the last byte has still delivered everything
    if (isDiskFull(error)) throw refuse("there is no space left for it");
    const why: unknown = silence.signal.aborted ? silence.signal.reason : error;
    return { why: errorText(why) };
  } finally {
    cancel();
  }
}

/** Thrown for problems that no second attempt can fix. */
class Refusal extends Error {}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}

function what(layer: Layer): string {
  return `image '${layer.name}' from ${layer.url}`;
}

/** Formats a size in `bytes` for people. */
export function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}

import * as v from "valibot";
import type { Clock } from "../src/clock.ts";
import type { Answer, Failure } from "./answer.ts";
import { problemDetails } from "./shapes.ts";
import { errorText } from "../src/toolkit/mod.ts";

/** A server, and what it takes to reach it. */
export interface Server {
  /** Where the server is, such as `http://127.0.0.1:3141`; without a path. */
  readonly server: string;
  /** Milliseconds that one request may take. */
  readonly timeout: number;
  /** Ends every request. */
  readonly signal: AbortSignal;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
}

/** Checks what the server said. */
export function readAnswer<S extends v.GenericSchema>(
  shape: S,
  server: string,
  status: number,
  text: string,
): Answer<v.InferOutput<S>> {
  let body: unknown;
  try {
    body = text === "" ? undefined : JSON.parse(text);
  } catch {
    const detail = `it is not JSON (HTTP status ${status}): is this a Kraken aggregator?`;
    return { ok: false, failure: { kind: "unexpected", server, detail } };
  }
  if (status >= 400) {
    const { success, output } = v.safeParse(problemDetails, body);
    if (!success) {
      const detail = `HTTP status ${status} without problem details: is this a Kraken aggregator?`;
      return { ok: false, failure: { kind: "unexpected", server, detail } };
    }
    const problems = output.errors ?? (output.detail === undefined ? [] : [output.detail]);
    return { ok: false, failure: { kind: "refused", status, title: output.title, problems } };
  }
  const parsed = v.safeParse(shape, body);
  if (parsed.success) return { ok: true, value: parsed.output };
  const [issue] = parsed.issues;
  const detail = `${v.getDotPath(issue) ?? "it"} is ${issue.received}: expected ${issue.expected ?? "something else"}`;
  return { ok: false, failure: { kind: "unexpected", server, detail } };
}

/** Tells why a request did not get an answer. */
export function toFailure(error: unknown, options: Server): Failure {
  const { server, timeout } = options;
  if (options.signal.aborted) return { kind: "ended" };
  if (error instanceof DOMException && error.name === "TimeoutError") return { kind: "timeout", server, timeout };
  if (error instanceof RangeError) return { kind: "unexpected", server, detail: error.message };
  return { kind: "unreachable", server, detail: messageOf(error) };
}

/** The innermost message: `fetch failed` alone tells nobody anything. */
function messageOf(error: unknown): string {
  let inner = error;
  for (let depth = 0; depth < 4 && inner instanceof Error && inner.cause !== undefined; depth++) inner = inner.cause;
  return errorText(inner);
}

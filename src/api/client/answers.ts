import * as v from "valibot";
import type { Clock } from "../../clock.ts";
import { errorText } from "../../toolkit/mod.ts";
import { problemDetails } from "../schemas/mod.ts";
import type { Answer, Failure } from "./failure.ts";

/** A server, and what it takes to reach it. */
export interface Server {
  /** Where the server is, such as `http://127.0.0.1:3141`; without a path. Empty: the one that a page came from. */
  readonly server: string;
  /** Milliseconds that one request may take. */
  readonly timeout: number;
  /** Ends every request. */
  readonly signal: AbortSignal;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** A W3C trace context that every request brings, wherever it is sent: see `parseTraceparent`. */
  readonly traceparent?: string;
}

/** An answer as it came. */
export interface Received {
  readonly status: number;
  readonly text: string;
  readonly etag: string | undefined;
  /** Who answered, where that is known: it may be another one than was asked. */
  readonly server?: string;
}

/**
 * Parses the JSON of an answer. Fields that the schema does not have are kept.
 *
 * @param schema What the answer must match.
 * @param server The URL of the server, for messages.
 * @param received The answer.
 * @returns A failure if the server refused, or if the answer is not what was expected.
 */
export function readAnswer(schema: v.GenericSchema, server: string, received: Received): Answer<unknown> {
  const { status, text, etag } = received;
  const unexpected = (detail: string): Answer<never> => ({
    ok: false,
    failure: { kind: "unexpected", server, detail },
  });
  let body: unknown;
  try {
    body = text === "" ? undefined : JSON.parse(text);
  } catch {
    return unexpected(`it is not JSON (HTTP status ${status}): is this a Kraken aggregator?`);
  }
  if (status >= 300) return readProblem(received, body) ?? unexpected(withoutDetails(status));
  const { success, issues } = v.safeParse(schema, body);
  if (success) return { ok: true, value: body, ...(etag !== undefined && { etag }) };
  const [issue] = issues;
  return unexpected(
    `${v.getDotPath(issue) ?? "it"} is ${issue.received}: expected ${issue.expected ?? "something else"}`,
  );
}

/**
 * Reads an answer that is not JSON.
 *
 * @param server The URL of the server, for messages.
 * @param received The answer.
 */
export function readText(server: string, received: Received): Answer<string> {
  if (received.status < 300) return { ok: true, value: received.text };
  const answer = readAnswer(v.unknown(), server, received);
  const detail = withoutDetails(received.status);
  return answer.ok ? { ok: false, failure: { kind: "unexpected", server, detail } } : answer;
}

function withoutDetails(status: number): string {
  return `HTTP status ${status} without problem details: is this a Kraken aggregator?`;
}

function readProblem({ status, etag }: Received, body: unknown): Extract<Answer<never>, { ok: false }> | undefined {
  const { success, output } = v.safeParse(problemDetails, body);
  if (!success) return undefined;
  const { type, title, detail, errors } = output;
  const problems = errors?.map((each) => each.detail) ?? [detail];
  return {
    ok: false,
    failure: {
      ...{ kind: "refused", status, title, type, problems },
      ...(errors !== undefined && { errors }),
      ...(etag !== undefined && { etag }),
    },
  };
}

/**
 * Turns the error of a request into a failure.
 *
 * @param error What `fetch` threw.
 * @param options The options of the request.
 */
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

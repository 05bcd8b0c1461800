import * as v from "valibot";
import { systemClock } from "../../clock.ts";
import { pause } from "../../toolkit/mod.ts";
import type { Answered, Arguments, Operation } from "../operation.ts";
import { type OperationId, type Operations, operations } from "../operations/mod.ts";
import { longOperation } from "../schemas/mod.ts";
import { readAnswer, readText, type Received, type Server, toFailure } from "./answers.ts";
import { startDeadline } from "./deadline.ts";
import { type Answer, ofChange } from "./failure.ts";
import { followEvents, type StreamNews } from "./follow.ts";
import { readBody } from "./read_body.ts";
import { type Asking, askingFor, type Given } from "./request.ts";

/** What a request may say beside its parameters and body. */
export interface CallOptions {
  /** Only if what is changed has this ETag. */
  readonly ifMatch?: string;
  /** The same request with the same key is done once. */
  readonly idempotencyKey?: string;
  /** Another server than the client's. */
  readonly server?: string;
  /** A change that takes long is followed until it is done: the time that one request may take does not end it. */
  readonly patient?: boolean;
}

/** The value of an answer: of a list with `fields`, entries that have those fields only. */
export type ValueOf<Id extends OperationId, A> = A extends { readonly fields: string }
  ? FewFields<Answered<Operations[Id]>>
  : Answered<Operations[Id]>;
type FewFields<T> = { readonly [K in keyof T]: T[K] extends readonly (infer I)[] ? readonly Partial<I>[] : T[K] };

/** Asks an aggregator's HTTP API. Needs `fetch` and nothing else. */
export interface ApiClient {
  /**
   * Asks for an operation of the table. Never rejects.
   *
   * @example
   * ```ts
   * import { createApiClient } from "../src/api/client/mod.ts";
   *
   * const client = createApiClient({ server: "http://127.0.0.1:1" });
   * const answer = await client.call("listNodes", { nodeset: "n[1-8]", phase: "stuck" });
   * if (answer.ok) console.log(answer.value.nodes.map(({ name }) => name));
   * ```
   */
  call<Id extends OperationId, const A extends Arguments<Operations[Id]>>(
    id: Id,
    given: A,
    options?: CallOptions,
  ): Promise<Answer<ValueOf<Id, A>>>;
  /** The same for an answer that is read as a text, such as a drawing of a graph. */
  text<Id extends OperationId>(id: Id, given: Arguments<Operations[Id]>): Promise<Answer<string>>;
  /** Events as they happen until `signal` fires; without `after` from now on. See {@link followEvents}. */
  follow(after: number | undefined, signal: AbortSignal, nodeset?: string): AsyncIterable<StreamNews>;
}

/** How often an operation that takes long is asked for, in milliseconds. */
const FOLLOW_EVERY = 500;
/** The most answers that are kept to be asked for again by their ETag. */
const MAX_KNOWN = 8;

/**
 * Creates a client of an aggregator's HTTP API.
 *
 * @param given The server, and where it differs: how to reach it. `timeout` is 10 s by default.
 */
export function createApiClient(given: Partial<Server> & Pick<Server, "server">): ApiClient {
  const options: Server = {
    ...{ timeout: 10_000, signal: new AbortController().signal, clock: systemClock },
    ...{ fetch: (...request) => globalThis.fetch(...request) },
    ...given,
  };
  const send = createSender(options);
  // Who watches a list asks for it again and again, and mostly nothing has changed.
  const known = new Map<string, { readonly etag: string; readonly value: unknown }>();

  async function ask(operation: Operation, args: Given, called: CallOptions): Promise<Answer<unknown>> {
    const asking = askingFor(operation, args);
    const key = `${called.server ?? ""} ${asking.path}`;
    const before = operation.list !== undefined && asking.method === "GET" ? known.get(key) : undefined;
    const got = await send(operation, args, asking, {
      ...called,
      ...(before !== undefined && { ifNoneMatch: before.etag }),
    });
    if (!got.ok) return got;
    if (got.value.status === 202) return await followOperation(operation, args, got.value, called);
    if (got.value.status === 304 && before !== undefined) return { ok: true, ...before };
    const answer = readAnswer(schemaOf(operation, args, got.value.status), options.server, got.value);
    if (answer.ok && answer.etag !== undefined && operation.list !== undefined && asking.method === "GET") {
      known.delete(key);
      known.set(key, { etag: answer.etag, value: answer.value });
      const [oldest] = known.keys();
      if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
    }
    return answer;
  }

  /** Asks for the operation that a 202 names until it is done, and gives what it would have been answered with. */
  async function followOperation(
    operation: Operation,
    args: Given,
    accepted: Received,
    called: CallOptions,
  ): Promise<Answer<unknown>> {
    const first = readAnswer(longOperation, options.server, accepted);
    const lost = (answer: Extract<Answer<unknown>, { readonly ok: false }>): Answer<never> => ({
      ok: false,
      failure: ofChange(answer.failure),
    });
    if (!first.ok) return lost(first);
    const { id } = v.parse(longOperation, first.value);
    const following: Operation = operations.getOperation;
    for (;;) {
      await pause(options.clock, FOLLOW_EVERY, options.signal).catch(() => {}); // the next request says so
      const asking = askingFor(following, { operation: id });
      const got = await send(operation, args, asking, { server: accepted.server ?? called.server ?? options.server });
      if (!got.ok) return got;
      const told = readAnswer(longOperation, options.server, got.value);
      if (!told.ok) return lost(told);
      const { state, status = 200, answer, problem } = v.parse(longOperation, told.value);
      if (state === "running") continue;
      const text = JSON.stringify(state === "done" ? answer : problem);
      return readAnswer(schemaOf(operation, args, status), options.server, { status, text, etag: undefined });
    }
  }

  return {
    call: async <Id extends OperationId, const A extends Arguments<Operations[Id]>>(
      id: Id,
      args: A,
      called: CallOptions = {},
    ) => {
      const answer = await ask(operations[id], { ...args }, called);
      return answer as Answer<ValueOf<Id, A>>; // it was read by the schema of this operation
    },
    async text(id, args) {
      const operation: Operation = operations[id];
      const got = await send(operation, { ...args }, askingFor(operation, { ...args }), { accept: "*/*" });
      return got.ok ? readText(options.server, got.value) : got;
    },
    follow: (after, signal, nodeset) => followEvents({ ...options, signal }, after, nodeset),
  };
}

/** What the answer has to be. */
function schemaOf({ answers, list }: Operation, { fields }: Given, status: number): v.GenericSchema {
  if (fields !== undefined && list !== undefined) return v.looseObject({ [list.key]: v.array(v.partial(list.item)) });
  return answers[status]?.schema ?? answers[200]?.schema ?? v.unknown();
}

type Sent = CallOptions & { readonly ifNoneMatch?: string; readonly accept?: string };

/** Makes what sends a request and reads all of the answer. */
function createSender(options: Server) {
  return async (operation: Operation, given: Given, asking: Asking, sent: Sent): Promise<Answer<Received>> => {
    const deadline = startDeadline(options.clock, options.timeout, options.signal);
    try {
      const { method, path, body, type } = asking;
      const request: RequestInit = {
        method,
        headers: {
          accept: sent.accept ?? "application/json, application/problem+json",
          ...(type !== undefined && { "content-type": type }),
          ...(options.traceparent !== undefined && { traceparent: options.traceparent }),
          ...(sent.ifNoneMatch !== undefined && { "if-none-match": sent.ifNoneMatch }),
          ...(sent.ifMatch !== undefined && { "if-match": sent.ifMatch }),
          ...(sent.patient === true && operation.changes && { prefer: "respond-async" }),
          ...(sent.idempotencyKey !== undefined && { "idempotency-key": sent.idempotencyKey }),
        },
        ...(body !== undefined && { body }),
        redirect: "manual",
        signal: deadline.signal,
      };
      const response = await fetchFollowing(options.fetch, `${sent.server ?? options.server}${path}`, request);
      const text = await readBody(response);
      const etag = response.headers.get("etag") ?? undefined;
      const server = response.url === "" ? undefined : new URL(response.url).origin;
      return { ok: true, value: { status: response.status, text, etag, ...(server !== undefined && { server }) } };
    } catch (error) {
      const failure = toFailure(error, options);
      const changes = operation.changes && given["dryRun"] !== true;
      return { ok: false, failure: changes ? ofChange(failure) : failure };
    } finally {
      deadline.end();
    }
  };
}

/**
 * Sends a request, and sends it again where the first aggregator says (RFC 9110, section 15.4.8): one below the root sends who
 * has to ask another one there, once and never further.
 */
async function fetchFollowing(send: typeof fetch, url: string, request: RequestInit): Promise<Response> {
  const first = await send(url, request);
  // A browser does not tell where it was sent to, but goes there itself.
  if (first.type === "opaqueredirect") return await send(url, { ...request, redirect: "follow" });
  const location = first.headers.get("location") ?? "";
  const isElsewhere = first.status === 307 && /^https?:/.test(location) && URL.canParse(location);
  if (!isElsewhere) return first;
  await first.body?.cancel();
  return await send(location, request);
}

import type { Context, Hono } from "hono";
import { type Operation, type OperationId, operationIds, operations, selectionForm } from "../../src/api/mod.ts";
import {
  addRoutes,
  type Answerer,
  answerProblem,
  type Methods,
  type Outcome,
  type Problem,
} from "../../src/http/mod.ts";
import { answerReply, checkReply } from "./answer.ts";
import type { Call, Handlers, Reply } from "./handler.ts";
import { type LongOperations, readPatience } from "./long_operations.ts";
import { missesCondition, type Read, readRequest } from "./read_request.ts";
import type { Replays } from "./replays.ts";

/** What surrounds the handlers of operations. */
export interface Surroundings {
  /** Says who has to be asked instead, as a problem. */
  redirect(operation: Operation, asked: Read, call: Call): Outcome<unknown>;
  /** Takes what was done though nobody waits for the answer any more. */
  unanswered(what: string): void;
  /** Does a request with an `Idempotency-Key` once. */
  readonly replays: Replays;
  /** Takes requests that need not be done when they are answered. */
  readonly long: LongOperations;
  /** Changes that could be made under a condition have to be. */
  readonly requireConditions: boolean;
  /** Every answer is compared with the table, and one that differs is a fault inside: for tests. */
  readonly checkAnswers: boolean;
}

/** A handler of any operation: what it is given was checked against the table, which the types of a loop cannot say. */
type AnyHandler = (asked: Read, call: Call) => Reply<unknown> | Promise<Reply<unknown>>;

/**
 * Adds every operation of the table to an app, with the forms that take the nodeset in the body.
 *
 * @param app The app.
 * @param handlers A handler for each operation.
 * @param surroundings What all operations share.
 */
export function mount(app: Hono, handlers: Handlers, surroundings: Surroundings): void {
  const routes = new Map<string, { -readonly [method in keyof Methods]: Answerer }>();
  function add(id: OperationId, operation: Operation, handler: AnyHandler): void {
    const path = operation.path.replaceAll(/\{(\w+)\}/g, ":$1");
    const methods = routes.get(path) ?? {};
    methods[operation.method] = (c) => answer(c, { id, operation, handler }, surroundings);
    routes.set(path, methods);
  }
  for (const id of operationIds) {
    const operation: Operation = operations[id];
    const handler = handlers[id] as AnyHandler; // see AnyHandler
    add(id, operation, handler);
    const form = selectionForm(operation);
    if (form !== undefined) add(id, form, unfold(operation, handler));
  }
  addRoutes(app, Object.fromEntries(routes));
}

/** Gives a handler what stands in the body of the other form of its operation. */
function unfold(operation: Operation, handler: AnyHandler): AnyHandler {
  return ({ body, ...rest }, call) => {
    const { patch, ...given } = body as Read; // it was checked: an object with a nodeset
    return handler({ ...rest, ...given, ...(operation.body !== undefined && { body: patch }) }, call);
  };
}

/** One operation of the table, and what answers it. */
interface Mounted {
  readonly id: OperationId;
  readonly operation: Operation;
  readonly handler: AnyHandler;
}

async function answer(c: Context, mounted: Mounted, surroundings: Surroundings): Promise<Response> {
  const { id, operation } = mounted;
  const { redirect, requireConditions, replays, long } = surroundings;
  const { signal } = c.req.raw; // asked for before: servers watch the connection from then on
  const url = new URL(c.req.url);
  const call: Call = { method: c.req.method, url, signal, header: (name) => c.req.header(name) };
  const read = await readRequest(c, operation, (asked) => redirect(operation, asked, call));
  if (!read.ok) return answerProblem(read.problem);
  const asked = read.value;
  if (requireConditions && missesCondition(operation, asked, call)) return answerProblem(CONDITION_MISSING);
  if (!operation.changes) return await performNow(mounted, asked, call, surroundings);
  const patience = readPatience(call.header("prefer"));
  // What can be looked up later goes on though its client is gone, and is not noted as unanswered.
  const own = patience === undefined ? call : { ...call, signal: new AbortController().signal };
  let perform = (): Promise<Response> => performNow(mounted, asked, own, surroundings);
  const key = call.header("idempotency-key");
  if (key !== undefined && call.method === "POST") {
    const request = JSON.stringify([url.pathname, url.search, call.header("if-match"), asked["body"]]);
    const now = perform;
    perform = () => replays.run(key, request, now);
  }
  return patience === undefined ? await perform() : await long.run(id, patience, perform);
}

const CONDITION_MISSING: Problem = {
  kind: "condition-missing",
  detail: "If-Match is missing: expected the ETag of what was read, or * to change it in any case. " +
    "This aggregator makes changes under a condition only (--require-conditions)",
};

async function performNow(
  { operation, handler }: Mounted,
  asked: Read,
  call: Call,
  { checkAnswers, unanswered }: Surroundings,
): Promise<Response> {
  const reply = await handler(asked, call);
  if (checkAnswers) checkReply(operation, asked, reply);
  if (reply.ok && operation.changes && asked["dryRun"] !== true) {
    await turnOfTheLoop(); // so that the end of a connection is heard of that came while this was done
    if (call.signal.aborted) unanswered(`${call.method} ${call.url.pathname.slice(0, 200)}`);
  }
  return answerReply(operation, reply, call);
}

/** Two turns: the first one may be under way already. */
async function turnOfTheLoop(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

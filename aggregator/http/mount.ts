import type { Context, Hono } from "hono";
import { type Operation, operationIds, operations, selectionForm } from "../../src/api/mod.ts";
import { addRoutes, type Answerer, answerProblem, type Methods, type Outcome } from "../../src/http/mod.ts";
import { answerReply, checkReply } from "./answer.ts";
import type { Call, Handlers, Reply } from "./handler.ts";
import { type Read, readRequest } from "./read_request.ts";

/** What surrounds the handlers of operations. */
export interface Surroundings {
  /** Says who has to be asked instead, as a problem. */
  redirect(operation: Operation, asked: Read, call: Call): Outcome<unknown>;
  /** Takes what was done though nobody waits for the answer any more. */
  unanswered(what: string): void;
  /** Every answer is compared with the table, and one that differs is a fault inside: for tests. */
  readonly checkAnswers: boolean;
}

/** A handler of any operation: what it is given was checked against the table, which the types of a loop cannot say. */
type AnyHandler = (asked: Read, call: Call) => Reply<unknown> | Promise<Reply<unknown>>;

/** Adds every operation of the table to an app, and the form of each whose nodeset is in the body. */
export function mount(app: Hono, handlers: Handlers, surroundings: Surroundings): void {
  const routes = new Map<string, { -readonly [method in keyof Methods]: Answerer }>();
  function add(operation: Operation, handler: AnyHandler): void {
    const path = operation.path.replaceAll(/\{(\w+)\}/g, ":$1");
    const methods = routes.get(path) ?? {};
    methods[operation.method] = (c) => answer(c, operation, handler, surroundings);
    routes.set(path, methods);
  }
  for (const id of operationIds) {
    const operation: Operation = operations[id];
    const handler = handlers[id] as AnyHandler; // see AnyHandler
    add(operation, handler);
    const form = selectionForm(operation);
    if (form !== undefined) add(form, unfold(operation, handler));
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

async function answer(
  c: Context,
  operation: Operation,
  handler: AnyHandler,
  { redirect, unanswered, checkAnswers }: Surroundings,
): Promise<Response> {
  const { signal } = c.req.raw; // asked for before: servers watch the connection from then on
  const url = new URL(c.req.url);
  const call: Call = { method: c.req.method, url, signal, header: (name) => c.req.header(name) };
  const read = await readRequest(c, operation, (asked) => redirect(operation, asked, call));
  if (!read.ok) return answerProblem(read.problem);
  const reply = await handler(read.value, call);
  if (checkAnswers) checkReply(operation, read.value, reply);
  if (reply.ok && operation.changes && read.value["dryRun"] !== true) {
    await turnOfTheLoop(); // so that the end of a connection is heard of that came while this was done
    if (signal.aborted) unanswered(`${call.method} ${url.pathname.slice(0, 200)}`);
  }
  return answerReply(operation, reply, call);
}

/** Two turns: the first one may be under way already. */
async function turnOfTheLoop(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

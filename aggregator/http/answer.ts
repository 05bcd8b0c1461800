import assert from "node:assert/strict";
import * as v from "valibot";
import type { Operation } from "../../src/api/mod.ts";
import { answerProblem } from "../../src/http/mod.ts";
import { hasAlready } from "./etag.ts";
import type { Call, Reply } from "./handler.ts";
import type { Read } from "./read_request.ts";

/** Makes a response of what a handler replies. What a client has already by its entity tag is not sent again. */
export function answerReply(operation: Operation, reply: Reply<unknown>, call: Call): Response {
  if (!reply.ok) return answerProblem(reply.problem);
  if ("response" in reply) return reply.response;
  const { etag } = reply;
  const tagged: { etag?: string } = etag === undefined ? {} : { etag };
  if (operation.method === "GET" && etag !== undefined && hasAlready(call.header("if-none-match"), etag)) {
    return new Response(null, { status: 304, headers: tagged });
  }
  const text = "text" in reply ? reply.text() : JSON.stringify(reply.value);
  const status = "text" in reply ? undefined : reply.status;
  return new Response(text, { status: status ?? 200, headers: { "content-type": "application/json", ...tagged } });
}

/**
 * Compares what a handler replies with the table.
 *
 * @throws {AssertionError} When it has a status, a field or a kind of problem that the table does not have.
 */
export function checkReply(operation: Operation, asked: Read, reply: Reply<unknown>): void {
  const name = `${operation.method} ${operation.path}`;
  if (!reply.ok || "response" in reply) return;
  const status = "text" in reply ? 200 : reply.status ?? 200;
  const schema = operation.answers[status]?.schema;
  assert.ok(schema !== undefined, `${name} answered ${status}, which the table does not have`);
  const value: unknown = JSON.parse("text" in reply ? reply.text() : JSON.stringify(reply.value));
  const parsed = v.safeParse(asked["fields"] === undefined ? schema : fewFields(operation, schema), value);
  const issues = parsed.issues?.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`);
  assert.ok(parsed.success, `${name}: ${issues?.join("; ")} in ${JSON.stringify(value).slice(0, 2000)}`);
  // What the schema does not name was left out of its output.
  assert.deepEqual(JSON.parse(JSON.stringify(parsed.output)), value, `${name} has fields that the table does not have`);
}

/** What a list answers when it was asked for some fields only. */
function fewFields({ list }: Operation, schema: v.GenericSchema): v.GenericSchema {
  return list === undefined ? schema : v.looseObject({ [list.key]: v.array(v.partial(list.item)) });
}

/** Problem details (RFC 9457): what is answered when something that was asked for is not done. */
import * as v from "valibot";
import { about, count, type Shape } from "./common.ts";

/** The kinds of problems: the status that each is answered with, the phrase of that status, and what it means. */
export const PROBLEMS = {
  "elsewhere": {
    status: 307,
    title: "Temporary Redirect",
    words: "Another aggregator answers this request: repeat it, unchanged, at the address in `Location`.",
  },
  "malformed": {
    status: 400,
    title: "Bad Request",
    words:
      "The request cannot be parsed: invalid JSON, nodeset, cursor or event id, or a parameter that is unknown, repeated or invalid.",
  },
  "forbidden": {
    status: 403,
    title: "Forbidden",
    words: "The request names another host, or comes from a page of another origin.",
  },
  "not-found": { status: 404, title: "Not Found", words: "There is no such path, or no such node." },
  "method-not-allowed": {
    status: 405,
    title: "Method Not Allowed",
    words: "The path does not support this method: `Allow` lists those that it supports.",
  },
  "conflict": {
    status: 409,
    title: "Conflict",
    words:
      "The change contradicts existing state, such as a name or an address of another node. The problem names both.",
  },
  "changed": {
    status: 412,
    title: "Precondition Failed",
    words:
      "The condition does not hold, because the resource has changed: `ETag` is the current one. Read it again and repeat the change.",
  },
  "too-large": {
    status: 413,
    title: "Content Too Large",
    words: "The body is larger than the limit of the operation.",
  },
  "wrong-type": {
    status: 415,
    title: "Unsupported Media Type",
    words: "The operation does not accept bodies of this type.",
  },
  "invalid": {
    status: 422,
    title: "Unprocessable Content",
    words: "The body has invalid values, each listed in `errors` (at most 100). Nothing was changed.",
  },
  "key-reused": {
    status: 422,
    title: "Unprocessable Content",
    words: "The `Idempotency-Key` was already used for another request.",
  },
  "condition-missing": {
    status: 428,
    title: "Precondition Required",
    words: "This aggregator requires a condition for changes: send `If-Match` with the ETag of what you read, or `*`.",
  },
  "internal": { status: 500, title: "Internal Server Error", words: "The aggregator failed; its log has the details." },
  "unavailable": {
    status: 503,
    title: "Service Unavailable",
    words:
      "Temporarily unavailable: the store cannot be written, another program does not answer, or too many clients follow the events.",
  },
} as const;

/** A kind of problem: the end of its `type`. */
export type ProblemKind = keyof typeof PROBLEMS;

/** Where the `type` of problems begins, on the aggregator that answers. */
export const PROBLEM_PATH = "/problems/";

/** One thing that is wrong with a request. */
export const fault = v.object({
  detail: about(v.string(), "What is wrong, for people: field, value and what was expected"),
  pointer: v.exactOptional(
    about(v.string(), "Where in the body it is: a JSON Pointer (RFC 6901), such as `/nodes/0/name`"),
  ),
  parameter: v.exactOptional(about(v.string(), "Which parameter it is, where it is none of the body")),
});
/** One thing that is wrong with a request. */
export type Fault = Shape<typeof fault>;

/** What a client is told when something that it asked for is not done. */
export const problemDetails = v.object({
  type: about(v.string(), "`/problems/` and the kind of problem: stable, for programs"),
  title: about(v.string(), "The phrase of the status"),
  status: count,
  detail: about(v.string(), "What went wrong, for people"),
  errors: v.exactOptional(about(v.array(fault), "Each thing that was wrong, at most 100 and how many more there are")),
});
/** What a client is told when something that it asked for is not done. */
export type ProblemDetails = Shape<typeof problemDetails>;

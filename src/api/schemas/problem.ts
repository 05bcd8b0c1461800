/** Problem details (RFC 9457): what is answered when something that was asked for is not done. */
import * as v from "valibot";
import { about, count, type Shape } from "./common.ts";

/** The kinds of problems: the status that each is answered with, the phrase of that status, and what it means. */
export const PROBLEMS = {
  "elsewhere": {
    status: 307,
    title: "Temporary Redirect",
    words: "Another aggregator has to be asked: `Location` is its address. Repeat the request there, unchanged.",
  },
  "malformed": {
    status: 400,
    title: "Bad Request",
    words:
      "The request cannot be read: JSON, nodeset, cursor or event id; or a parameter is unknown, given twice or of another form.",
  },
  "forbidden": {
    status: 403,
    title: "Forbidden",
    words: "It was asked under another host's name, or by a page of another origin.",
  },
  "not-found": { status: 404, title: "Not Found", words: "There is no such path, or no such node." },
  "method-not-allowed": {
    status: 405,
    title: "Method Not Allowed",
    words: "The path has no such method: `Allow` lists those that it has.",
  },
  "conflict": {
    status: 409,
    title: "Conflict",
    words:
      "It contradicts what is there, such as a name, MAC address or address that another node has; both are named.",
  },
  "changed": {
    status: 412,
    title: "Precondition Failed",
    words: "It has changed since it was read: `ETag` is the current one. Read it again, and repeat the change.",
  },
  "too-large": { status: 413, title: "Content Too Large", words: "The body is longer than the operation takes." },
  "wrong-type": {
    status: 415,
    title: "Unsupported Media Type",
    words: "The body is of another type than the operation takes.",
  },
  "invalid": {
    status: 422,
    title: "Unprocessable Content",
    words: "The body has wrong values, each listed in `errors` (at most 100). Nothing was changed.",
  },
  "key-reused": {
    status: 422,
    title: "Unprocessable Content",
    words: "The `Idempotency-Key` was sent before, with another request.",
  },
  "condition-missing": {
    status: 428,
    title: "Precondition Required",
    words: "This aggregator makes changes under a condition only: say with `If-Match` what was read, or `*`.",
  },
  "internal": { status: 500, title: "Internal Server Error", words: "A fault of the aggregator's: its log says more." },
  "unavailable": {
    status: 503,
    title: "Service Unavailable",
    words: "Not now: it cannot be written, another program does not answer, or too many follow the events.",
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

/** What one operation of the HTTP API is: everything that server, client and documents have to know of it. */
import * as v from "valibot";
import type { Frozen } from "./schemas/common.ts";
import type { ProblemKind } from "./schemas/problem.ts";

/** A parameter of a path, a query or a header. */
export interface Parameter {
  /**
   * How its text is read: as it is; as a whole number; as `true` or `false`; or, for `states`, as what follows `state.` in the
   * names of parameters, such as `state./runState=ERROR`.
   */
  readonly kind: "text" | "whole" | "flag" | "states";
  /** What it may be. Messages of its checks say what was expected. */
  readonly schema: v.GenericSchema;
  /** In words. */
  readonly about: string;
  /** What it is where it is not given. */
  readonly default?: string | number | boolean;
  readonly required?: true;
}

/** Parameters by name. */
export type Parameters = { readonly [name: string]: Parameter };

/** A body. */
export interface Body {
  readonly schema: v.GenericSchema;
  readonly about: string;
  /** The media types that it may have; the first is what clients send. */
  readonly types: readonly string[];
  /** The most bytes of it. @default 1 MiB */
  readonly limit?: number;
  /** It may be left out: that is `{}`. */
  readonly optional?: true;
}

/** What is answered with one status. */
export interface AnswerOf {
  readonly about: string;
  /** Of the JSON; absent where it is none. */
  readonly schema?: v.GenericSchema;
  /** Other media types that may be asked for. */
  readonly types?: readonly string[];
  /** It has an `ETag`, of what the words say. */
  readonly etag?: string;
}

/** A list that can be asked for in pages, sorted, with some fields only. */
export interface List {
  /** The field of the answer that has the list. */
  readonly key: string;
  /** What it is a list of. */
  readonly item: v.ObjectSchema<v.ObjectEntries, undefined>;
}

/** The form of an operation whose nodeset is in the body, below `/api/v1/selection/`. */
export interface Selection {
  /** The last part of its path. */
  readonly path: string;
  /** What else may be in its body, beside `nodeset` and, where the operation has a body, `patch`. */
  readonly extras?: v.ObjectEntries;
}

/** One operation. */
export interface Operation {
  readonly method: "DELETE" | "GET" | "PATCH" | "POST" | "PUT";
  /** With `{name}` for a part that varies. */
  readonly path: string;
  /** What it is about, as a heading. */
  readonly group: string;
  /** What it does, in one sentence without a full stop. */
  readonly summary: string;
  readonly description?: string;
  readonly parameters: { readonly path?: Parameters; readonly query?: Parameters; readonly header?: Parameters };
  readonly body?: Body;
  readonly answers: { readonly [status: number]: AnswerOf };
  /** The kinds of problems beside those that follow from the rest. */
  readonly problems?: readonly ProblemKind[];
  /** Who may ask for it. */
  readonly role: "viewer" | "operator" | "admin";
  /** Which aggregator answers; others redirect to it. */
  readonly answeredBy: "any" | "root" | "server";
  /** It changes something, unless it is a dry run. */
  readonly changes: boolean;
  /** It takes `If-Match`, of what the words say. */
  readonly conditional?: string;
  readonly list?: List;
  readonly selection?: Selection;
  /** Examples, which a test checks. */
  readonly examples?: { readonly request?: unknown; readonly answer?: unknown };
}

/**
 * Declares an operation. Keeps its literal types, from which the types of handlers and of the client follow.
 *
 * @param operation The operation.
 */
export function define<const O extends Operation>(operation: O): O {
  return operation;
}

type Value<P> = P extends { readonly kind: "states" } ? { readonly [url: string]: string }
  : P extends { readonly schema: infer S extends v.GenericSchema } ? v.InferOutput<S>
  : never;
type NeededOf<P> = { [N in keyof P]: P[N] extends { readonly required: true } ? N : never }[keyof P];
type KnownOf<P> = {
  [N in keyof P]: P[N] extends { readonly required: true } | { readonly default: unknown } ? N : never;
}[keyof P];
type Of<O, Where extends "path" | "query"> = O extends { readonly parameters: { readonly [W in Where]: infer P } } ? P
  : unknown;
type All<O> = Of<O, "path"> & Of<O, "query">;
type Simple<T> = { [K in keyof T]: T[K] };

type BodyValue<O> = O extends { readonly body: { readonly schema: infer S extends v.GenericSchema } }
  ? Frozen<v.InferInput<S>>
  : never;
type ExtrasOf<O> = O extends { readonly selection: { readonly extras: infer E extends v.ObjectEntries } }
  ? { readonly [N in keyof E]?: Frozen<v.InferOutput<E[N]>> }
  : unknown;

/** What a handler is given of a request: parameters by name, and the body. */
export type Asked<O> =
  & Simple<
    & { readonly [N in KnownOf<All<O>>]: Value<All<O>[N]> }
    & { readonly [N in Exclude<keyof All<O>, KnownOf<All<O>>>]?: Value<All<O>[N]> }
    & ExtrasOf<O>
  >
  & ([BodyValue<O>] extends [never] ? unknown : { readonly body: BodyValue<O> });

/** What a client gives: parameters by name, and the body. */
export type Arguments<O> =
  & Simple<
    & { readonly [N in NeededOf<All<O>>]: Value<All<O>[N]> }
    & { readonly [N in Exclude<keyof All<O>, NeededOf<All<O>>>]?: Value<All<O>[N]> | undefined }
    & ExtrasOf<O>
  >
  & ([BodyValue<O>] extends [never] ? unknown
    : O extends { readonly body: { readonly optional: true } } ? { readonly body?: BodyValue<O> }
    : { readonly body: BodyValue<O> });

type AnswerShapes<O> = O extends { readonly answers: infer A } ? {
    [S in keyof A]: A[S] extends { readonly schema: infer T extends v.GenericSchema } ? Frozen<v.InferOutput<T>>
      : never;
  }[
    keyof A
  ]
  : never;

/** The JSON that an operation answers. */
export type Answered<O> = AnswerShapes<O>;

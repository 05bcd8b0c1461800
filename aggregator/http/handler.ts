import type { Answered, Asked, OperationId, Operations } from "../../src/api/mod.ts";
import type { Outcome } from "../../src/http/mod.ts";

/** What a handler may need of a request beside what was asked. */
export interface Call {
  readonly method: string;
  readonly url: URL;
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** A header, by its name in lower case. */
  header(name: string): string | undefined;
}

/** What is answered: JSON of this shape, the text of such JSON (made only where it is needed), a response of another media type, or a problem. */
export type Reply<T> =
  | { readonly ok: true; readonly value: T; readonly status?: number; readonly etag?: string }
  | { readonly ok: true; readonly text: () => string; readonly etag?: string }
  | { readonly ok: true; readonly response: Response }
  | Extract<Outcome<T>, { readonly ok: false }>;

/** Answers one operation. What it is given was checked against the table. */
export type Handler<Id extends OperationId> = (
  asked: Asked<Operations[Id]>,
  call: Call,
) => Reply<Answered<Operations[Id]>> | Promise<Reply<Answered<Operations[Id]>>>;

/** What answers each operation of the table: one that is missing is a type error. */
export type Handlers = { readonly [Id in OperationId]: Handler<Id> };

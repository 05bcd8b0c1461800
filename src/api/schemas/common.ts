/** The parts that resources share. Schemas of answers let fields pass that they do not name; those of bodies refuse them. */
import * as v from "valibot";

/** What a schema describes, as nobody changes it. */
export type Shape<S extends v.GenericSchema> = Frozen<v.InferOutput<S>>;

/** A value all of whose parts are read-only. */
export type Frozen<T> = T extends readonly (infer I)[] ? number extends T["length"] ? readonly Frozen<I>[]
  : { readonly [K in keyof T]: Frozen<T[K]> }
  : T extends object ? { readonly [K in keyof T]: Frozen<T[K]> }
  : T;

/**
 * Adds a description to a schema, for the reference.
 *
 * @param schema The schema.
 * @param words The description, in Markdown.
 */
export function about<const S extends v.GenericSchema>(schema: S, words: string) {
  return v.pipe(schema, v.description(words));
}

/** Any JSON. */
export const json = v.unknown();
/** An object of any JSON. */
export const jsonObject = v.record(v.string(), json);
/** ISO 8601. */
export const time = v.pipe(v.string(), v.isoTimestamp());
/** A whole number that is not negative. */
export const count = v.pipe(v.number(), v.integer(), v.minValue(0));
/** Milliseconds. */
export const milliseconds = about(v.pipe(v.number(), v.minValue(0)), "Milliseconds");

const NODE_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)*$/;
const UUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

/** A node's name, as somebody gives it. The message of a check says what is expected. */
export const nodeName = v.pipe(
  v.string("a node name, such as n7"),
  v.regex(NODE_NAME, "a node name, such as n7"),
  v.maxLength(64, "a node name of at most 64 characters"),
);
/** A node's id, as somebody gives it. */
export const uuid = v.pipe(v.string("a UUID"), v.regex(UUID, "a UUID"));
/** A nodeset, as somebody gives it. */
export const nodeset = v.pipe(
  v.string("a nodeset, such as n[1-8]"),
  v.maxLength(4 * 1024 * 1024, "a nodeset of at most 4 MiB"),
);
/** An object, as somebody gives it: a record would take an array for one. */
export const givenObject = v.pipe(
  v.record(v.string(), json, "an object"),
  v.check((value) => !Array.isArray(value), "an object"),
);
/** A JSON Merge Patch (RFC 7396) of nested state. */
export const mergePatch = givenObject;

/** Which program a step needs. */
export const context = v.picklist(["self", "parent"]);

/** Something takes longer than it is expected to. */
export const late = v.object({ since: time, why: about(v.string(), "What takes longer, in words") });
/** Something takes longer than it is expected to. */
export type LateInfo = Shape<typeof late>;

/** Nothing new is heard: everything else is what was known last. */
export const stale = v.object({
  since: about(v.string(), "ISO 8601"),
  aggregator: about(v.string(), "The name of the aggregator on the way that is not heard"),
  why: v.exactOptional(about(v.string(), "Why that aggregator does not hear the node, where it is heard itself")),
});

/** A value by its state URL. */
export const urlValue = v.object({ url: v.string(), value: json });

/** The phases of a node. */
export const PHASES = ["converged", "working", "waiting", "backoff", "stuck", "blocked", "frozen"] as const;
/** What is being done about a node. */
export const phase = about(
  v.picklist(PHASES, `one of ${PHASES.join(", ")}`),
  "`waiting` is for a limit, an invariant or a handler; `stuck`: Kraken gave up; `blocked`: there is no plan",
);
/** Who froze a node. */
export const frozenBy = v.picklist(["node", "everything", "moved"]);

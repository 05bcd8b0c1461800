import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { errorText, type Result } from "../toolkit/mod.ts";

/** The longest inventory file, in characters. */
export const MAX_INVENTORY_TEXT = 8 * 1024 * 1024;
/** The most nodes that aliases may stand for, as the yaml package counts them: stops texts that explode. */
const MAX_ALIASES = 1000;

/** A place in a file: map keys and list positions from the top. */
export type Path = readonly (string | number)[];

/** A file as plain data, with the line that each place of it came from. */
export interface SourceDocument {
  readonly data: unknown;
  /** The line (from 1) of a place, or of the nearest place above it that exists. */
  lineOf(path: Path): number;
}

/**
 * Reads YAML 1.2, of which JSON is a subset: one document, string keys, only the tags of the core schema.
 *
 * @param text The file's text, from outside.
 * @returns The document, or its problems with their lines.
 */
export function readSource(text: string): Result<SourceDocument, { readonly problems: readonly string[] }> {
  if (text.length > MAX_INVENTORY_TEXT) {
    return { ok: false, problems: [`The file has ${text.length} characters: expected at most ${MAX_INVENTORY_TEXT}`] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    resolveKnownTags: false,
    stringKeys: true,
    logLevel: "error",
  });
  const wrong = [...document.errors, ...document.warnings];
  if (wrong.length > 0) {
    return { ok: false, problems: wrong.map(({ pos, message }) => `line ${lines.linePos(pos[0]).line}: ${message}`) };
  }
  try {
    const data: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return { ok: true, value: { data, lineOf: (path) => lines.linePos(offsetOf(path)).line } };
  } catch (error) {
    // The yaml package throws for aliases without an anchor and for too many of them.
    return { ok: false, problems: [errorText(error)] };
  }

  function offsetOf(path: Path): number {
    let place: unknown = document.contents;
    let offset = startOf(place) ?? 0;
    for (const key of path) {
      if (isAlias(place)) place = place.resolve(document);
      if (isMap(place)) {
        const pair = place.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
        if (pair === undefined) break;
        offset = startOf(pair.key) ?? offset;
        place = pair.value;
      } else if (isSeq(place) && typeof key === "number") {
        place = place.items[key];
        offset = startOf(place) ?? offset;
      } else break;
    }
    return offset;
  }
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}

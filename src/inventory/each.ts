import type { Report } from "./report.ts";
import type { Path } from "./document.ts";

/** The most texts that one item may stand for. */
const MAX_TEXTS = 100_000;
const RANGE = /^([^[\]]*)\[([0-9]{1,9})-([0-9]{1,9})\]([^[\]]*)$/;

/**
 * Reads a list with one value for each node of an entry, in the order of the nodes. An item may stand for several
 * texts by one range of numbers: `10.77.0.[11-18]`, `52:54:00:77:00:[01-08]`. Leading zeros are kept.
 *
 * @param report Takes the problems.
 * @param items The list, from outside.
 * @param count The number of nodes.
 * @param path The list's place in the file.
 * @returns A text for each node; undefined if their number is another one, which was reported.
 */
export function readEach(report: Report, items: readonly unknown[], count: number, path: Path): string[] | undefined {
  const texts: string[] = [];
  for (const [index, item] of items.entries()) {
    if (typeof item !== "string") {
      report.expected([...path, index], item, "a text");
      return undefined;
    }
    for (const text of expand(item)) {
      if (texts.length >= MAX_TEXTS) break;
      texts.push(text);
    }
  }
  if (texts.length === count) return texts;
  report.expected(path, `a list of ${texts.length}`, `one value for each of the ${count} nodes, in their order`);
  return undefined;
}

function* expand(item: string): Generator<string> {
  const [, before = "", from, to, after = ""] = RANGE.exec(item) ?? [];
  if (from === undefined || to === undefined || Number(to) < Number(from)) return yield item;
  for (let number = Number(from); number <= Number(to); number++) {
    yield `${before}${String(number).padStart(from.length, "0")}${after}`;
  }
}

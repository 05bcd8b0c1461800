import { compareNames } from "./compare.ts";

/** The longest run of digits that counts as a number; a longer one is text. */
const MAX_DIGITS = 9;

/** The numbers of one place of a set, sorted. The same numbers have the same key. */
interface Place {
  readonly key: string;
  readonly numbers: readonly string[];
}

/** The places of a set, in the order of the name. */
type Block = readonly Place[];

/** Names that differ by their numbers only. */
interface Shape {
  /** The texts before, between and behind the numbers. */
  readonly texts: readonly string[];
  readonly blocks: Block[];
}

/**
 * Folds names into a short nodeset: `n001, n002, n003, n007, login1` becomes `login1,n[001-003,007]`, and the nodes of
 * eight chassis become `x1000c[0-7]s[0-7]b0n[0-1]`. Each number in a name may become a range; a set means every
 * combination of its ranges. {@link parseNodeset} of the result gives the same names, each once.
 *
 * @param names The names, in any order. Repeated ones count once.
 * @returns The nodeset, its sets in the order of their first names; empty for no names.
 *
 * @example Folding, and back
 * ```ts
 * import assert from "node:assert/strict";
 * import { foldNodeset, parseNodeset } from "../src/nodeset/mod.ts";
 *
 * const text = foldNodeset(["n003", "n001", "login1", "n002"]);
 * assert.equal(text, "login1,n[001-003]");
 * const parsed = parseNodeset(text);
 * assert(parsed.ok && parsed.names.length === 4);
 * ```
 */
export function foldNodeset(names: Iterable<string>): string {
  const shapes = new Map<string, Shape>();
  for (const name of new Set(names)) {
    const { texts, numbers } = splitName(name);
    const key = texts.join("[]");
    const shape = shapes.get(key) ?? { texts, blocks: [] };
    shape.blocks.push(numbers.map((number) => ({ key: number, numbers: [number] })));
    shapes.set(key, shape);
  }
  const sets = [...shapes.values()].flatMap(({ texts, blocks }) =>
    mergeBlocks(blocks, texts.length - 1).map((block) => ({
      first: join(texts, block.map(({ numbers: [number = ""] }) => number)),
      text: join(texts, block.map(foldPlace)),
    }))
  );
  return sets.sort((a, b) => compareNames(a.first, b.first)).map(({ text }) => text).join(",");
}

/** Splits a name into numbers and texts; there is one text more than there are numbers. */
function splitName(name: string): { readonly texts: string[]; readonly numbers: string[] } {
  const texts = [""];
  const numbers: string[] = [];
  for (const [at, part] of name.split(/([0-9]+)/).entries()) {
    const isNumber = at % 2 === 1 && part.length <= MAX_DIGITS;
    if (isNumber) {
      numbers.push(part);
      texts.push("");
    } else texts.push((texts.pop() ?? "") + part);
  }
  return { texts, numbers };
}

function join(texts: readonly string[], numbers: readonly string[]): string {
  return texts.map((text, at) => text + (numbers[at] ?? "")).join("");
}

/** Merges blocks that differ in one place only, the last place first, until no two of them do. */
function mergeBlocks(blocks: readonly Block[], places: number): readonly Block[] {
  const keys = new Map<string, string>();
  let merged = blocks;
  for (let before = Infinity; merged.length < before;) {
    before = merged.length;
    for (let place = places - 1; place >= 0; place--) merged = mergeAt(merged, place, keys);
  }
  return merged;
}

/** @param keys Short keys of the numbers of merged places, by their text: comparing long texts again and again is slow. */
function mergeAt(blocks: readonly Block[], place: number, keys: Map<string, string>): readonly Block[] {
  const alike = new Map<string, [Block, ...Block[]]>();
  for (const block of blocks) {
    let key = "";
    for (const [at, each] of block.entries()) key += at === place ? "/" : `${each.key}/`;
    const known = alike.get(key);
    if (known === undefined) alike.set(key, [block]);
    else known.push(block);
  }
  return [...alike.values()].map((group) => {
    const [block] = group;
    if (group.length === 1) return block;
    const numbers = group.flatMap((each) => each[place]?.numbers ?? []).sort(compareNumbers);
    const text = numbers.join();
    const key = keys.get(text) ?? `#${keys.size}`;
    keys.set(text, key);
    return block.map((each, at) => at === place ? { key, numbers } : each);
  });
}

function compareNumbers(a: string, b: string): number {
  return a.length - b.length || Number(a) - Number(b);
}

/** One place of a block: a number as it is, several in brackets. */
function foldPlace({ numbers }: Place): string {
  const [only = ""] = numbers;
  return numbers.length === 1 ? only : `[${foldNumbers(numbers)}]`;
}

/** Folds numbers, padded or not, into ranges. A range continues while counting up gives the next number. */
function foldNumbers(numbers: readonly string[]): string {
  const ranges: { readonly first: string; last: string }[] = [];
  for (const number of numbers) {
    const range = ranges.at(-1);
    if (range !== undefined && countUp(range.last, range.first) === number) range.last = number;
    else ranges.push({ first: number, last: number });
  }
  return ranges.map(({ first, last }) => first === last ? first : `${first}-${last}`).join(",");
}

function countUp(number: string, first: string): string {
  const width = first.startsWith("0") ? first.length : 1;
  return String(Number(number) + 1).padStart(width, "0");
}

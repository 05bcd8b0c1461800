import { compareNames } from "./compare.ts";

/** The longest run of digits that is counted with; longer ones are just text. */
const MAX_DIGITS = 9;

/** Prefix without a trailing digit, last number, rest without digits. */
const LAST_NUMBER = /^(.*?)([0-9]+)([^0-9]*)$/;

/**
 * Folds names into a short nodeset: `n001, n002, n003, n007, login1` is `login1,n[001-003,007]`. The last number of each
 * name is what is folded. `parseNodeset` of the result gives the same names, each once, ordered by {@link compareNames}.
 */
export function foldNodeset(names: Iterable<string>): string {
  const groups = new Map<string, { prefix: string; suffix: string; numbers: string[] }>();
  for (const name of [...new Set(names)].sort(compareNames)) {
    const [, prefix = "", number = "", suffix = ""] = LAST_NUMBER.exec(name) ?? [];
    const counted = number !== "" && number.length <= MAX_DIGITS;
    const key = counted ? `${prefix}[]${suffix}` : name;
    const group = groups.get(key);
    if (group !== undefined) group.numbers.push(number);
    else groups.set(key, counted ? { prefix, suffix, numbers: [number] } : { prefix: name, suffix: "", numbers: [] });
  }
  return [...groups.values()].map(({ prefix, suffix, numbers }) => {
    if (numbers.length < 2) return `${prefix}${numbers[0] ?? ""}${suffix}`;
    return `${prefix}[${foldNumbers(numbers)}]${suffix}`;
  }).join(",");
}

/** Folds numbers, padded or not, into ranges. A range goes on while counting up from its first number gives the next. */
function foldNumbers(numbers: readonly string[]): string {
  const ranges: { first: string; last: string }[] = [];
  for (const number of [...numbers].sort((a, b) => a.length - b.length || Number(a) - Number(b))) {
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

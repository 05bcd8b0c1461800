import * as v from "valibot";
import { errorText } from "../../src/toolkit/mod.ts";

/** The most nodes, edges and mutations of a file. */
const MAX_ITEMS = 10_000;

const values = v.record(v.string(), v.string(), "expected an object of texts");
const list = <T extends v.GenericSchema>(item: T) =>
  v.pipe(v.array(item, "expected a list"), v.maxLength(MAX_ITEMS, `expected at most ${MAX_ITEMS} items`));
const node = v.pipe(v.number("expected the number of a node"), v.safeInteger());

const mutation = v.object({
  module: v.string(),
  id: v.string(),
  mutates: v.record(v.string(), v.strictTuple([v.string(), v.string()], "expected two values, from and to")),
  requires: values,
  excludes: values,
  timeout: v.exactOptional(v.pipe(v.string(), v.check((text) => durationOf(text) !== undefined, "expected '1m30s'"))),
});

const file = v.object({
  mutations: list(mutation),
  nodes: list(v.object({ n: node, requires: values, excludes: values })),
  edges: list(v.object({
    from: node,
    to: node,
    mut: v.string(),
    cost: v.pipe(v.number(), v.safeInteger(), v.minValue(1, "expected a positive integer")),
  })),
});

/** The original's explicit graph with the mutations that it was built of. Nodes are states, by what they require. */
export type GoldenFile = v.InferOutput<typeof file>;

/** One mutation of the original. */
export type GoldenMutation = v.InferOutput<typeof mutation>;

/** What {@link parseGolden} found. */
export type ParsedGolden =
  | { readonly ok: true; readonly file: GoldenFile }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Takes in the text of a file of the original's graph. Fields that say nothing of the graph are passed over. */
export function parseGolden(text: string): ParsedGolden {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    return { ok: false, problems: [`expected JSON: ${errorText(error)}`] };
  }
  const parsed = v.safeParse(file, data);
  if (!parsed.success) {
    const problems = parsed.issues.slice(0, 16).map((issue) => `at '${v.getDotPath(issue) ?? ""}': ${issue.message}`);
    return { ok: false, problems };
  }
  const problems = [...findRepeated(parsed.output), ...findDangling(parsed.output)];
  return problems.length > 0 ? { ok: false, problems: problems.slice(0, 16) } : { ok: true, file: parsed.output };
}

/** The name of a mutation on the edges of the graph. */
export function goldenNameOf({ module, id }: GoldenMutation): string {
  return `${module}/${id}`;
}

function findRepeated({ mutations, nodes }: GoldenFile): string[] {
  const twice = (names: readonly string[]) => [...new Set(names.filter((name, at) => names.indexOf(name) !== at))];
  return [
    ...twice(mutations.map(goldenNameOf)).map((name) => `mutation '${name}' is there twice: expected different names`),
    ...twice(nodes.map(({ n }) => String(n))).map((n) => `node ${n} is there twice: expected different numbers`),
  ];
}

function findDangling({ mutations, nodes, edges }: GoldenFile): string[] {
  const names = new Set(mutations.map(goldenNameOf));
  const numbers = new Set(nodes.map(({ n }) => n));
  return edges.flatMap(({ from, to, mut }, place) => [
    ...[from, to].filter((n) => !numbers.has(n)).map((n) => `at 'edges.${place}': there is no node ${n}`),
    ...(names.has(mut) ? [] : [`at 'edges.${place}': there is no mutation '${mut}'`]),
  ]);
}

const UNITS: { readonly [unit: string]: number } = { ns: 1e-6, us: 1e-3, "µs": 1e-3, ms: 1, s: 1e3, m: 6e4, h: 3.6e6 };

/** Milliseconds of a duration as Go writes it, such as `1m30s`; undefined when it is none. */
export function durationOf(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ""] ?? 0), 0);
}

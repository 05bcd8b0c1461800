import type { Distribution } from "../../src/http/mod.ts";

/** The most series of one {@link DistributionSet}: what exceeds it counts under {@link OTHER}. */
const MAX_SERIES = 300;
/** The value of every label of what exceeds the limit. */
const OTHER = "other";

/** Counts values in buckets. Costs a few comparisons a value, and its memory does not grow. */
export interface Recorder {
  observe(value: number): void;
  read(): Distribution;
}

/**
 * Creates a {@link Recorder}.
 *
 * @param bounds Upper bounds of the buckets, ascending.
 */
export function createRecorder(bounds: readonly number[]): Recorder {
  const counts = bounds.map(() => 0);
  let count = 0;
  let sum = 0;
  return {
    observe(value) {
      count++;
      sum += value;
      const bucket = bounds.findIndex((bound) => value <= bound);
      if (bucket >= 0) counts[bucket] = (counts[bucket] ?? 0) + 1;
    },
    read() {
      let upTo = 0;
      const buckets = bounds.map((atMost, place) => ({ atMost, count: upTo += counts[place] ?? 0 }));
      return { buckets, count, sum };
    },
  };
}

/** Recorders by the values of some labels, of limited number. */
export interface DistributionSet {
  /** @param values One for each label. */
  observe(values: readonly string[], value: number): void;
  read(): Distribution[];
}

/**
 * Creates a {@link DistributionSet}.
 *
 * @param labels Names of the labels.
 * @param bounds Upper bounds of the buckets, ascending.
 */
export function createDistributionSet(labels: readonly string[], bounds: readonly number[]): DistributionSet {
  const series = new Map<string, { readonly values: readonly string[]; readonly recorder: Recorder }>();
  const other = labels.map(() => OTHER);

  function find(values: readonly string[]): Recorder {
    const key = values.join("\n");
    const known = series.get(key);
    if (known !== undefined) return known.recorder;
    if (series.size >= MAX_SERIES && values !== other) return find(other);
    const recorder = createRecorder(bounds);
    series.set(key, { values, recorder });
    return recorder;
  }
  return {
    observe: (values, value) => find(values).observe(value),
    read: () =>
      [...series.values()].map(({ values, recorder }) => ({
        labels: Object.fromEntries(labels.map((label, place) => [label, values[place] ?? ""])),
        ...recorder.read(),
      })),
  };
}

/** A metric family for Prometheus. */
export type Metric = Figure | Histogram;

/** What all metric families have. */
interface Family {
  /** Without the prefix `kraken_`. Ends with the unit, if it has one, and for counters then with `_total`. */
  readonly name: string;
  readonly unit?: Unit;
  readonly help: string;
}

/** Units are base units, as Prometheus wants them. */
export type Unit = "seconds" | "bytes" | "watts" | "celsius";

/** Label values by label name. */
export type Labels = Readonly<Record<string, string>>;

/** A metric family of single values. */
export interface Figure extends Family {
  readonly type: "gauge" | "counter";
  /** Iterated once for each answer, perhaps in several turns of the event loop. */
  readonly samples: Iterable<Sample>;
}

/** One value of a {@link Figure}. */
export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

/** A metric family of distributions. */
export interface Histogram extends Family {
  readonly type: "histogram";
  readonly samples: Iterable<Distribution>;
}

/** How values are distributed. */
export interface Distribution {
  readonly labels?: Labels;
  /** Upper bounds, ascending, each with the number of values up to it. */
  readonly buckets: readonly { readonly atMost: number; readonly count: number }[];
  /** Number of all values. */
  readonly count: number;
  readonly sum: number;
}

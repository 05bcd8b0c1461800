/** One figure for Prometheus. */
export interface Metric {
  /** Without the prefix `kraken_`. */
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly samples: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[];
}

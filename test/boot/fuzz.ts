import process from "node:process";

/** Inputs of a fuzz test: few in every run, a million by `KRAKEN_FUZZ_RUNS=1000000`. */
export const FUZZ_RUNS = Number(process.env["KRAKEN_FUZZ_RUNS"] ?? 5_000);

/** Programs of this machine: started, watched, found again by a later run of Kraken's own program, and ended. */
export * from "./output.ts";
export * from "./process_table.ts";
export * from "./program.ts";

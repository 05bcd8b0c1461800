/** Programs of this machine: started, watched, found again by a later run of Kraken, and ended. */
export * from "./execute.ts";
export * from "./output.ts";
export * from "./process_table.ts";
export * from "./program.ts";
export { StartError } from "./execute.ts";

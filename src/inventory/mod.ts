/** Inventory files: what an administrator writes to say which nodes there are and what each should be. */
export * from "./parse.ts";
export * from "./types.ts";

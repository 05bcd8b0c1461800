/** Modules: how they are declared and run. */
export * from "./define.ts";

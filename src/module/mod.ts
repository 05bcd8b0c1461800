/** Modules: what they are given, and the host that runs them inside a program and contains what goes wrong in them. */
export * from "./define.ts";
export * from "./drain.ts";
export * from "./host.ts";
export * from "./host_options.ts";

/** Modules: the interface that they implement, and the host that runs them inside a program and contains their failures. */
export * from "./define.ts";
export * from "./drain.ts";
export * from "./host.ts";
export * from "./hosted_module.ts";

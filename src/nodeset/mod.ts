/** Nodesets: many node names as one short text, such as `n[001-128,200],login1`. */
export * from "./compare.ts";
export * from "./fold.ts";
export * from "./parse.ts";

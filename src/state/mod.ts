/** State: extensions, state URLs, facets, node documents, views. Pure: no clock, no I/O. */
export * from "./core.ts";
export * from "./describe_variable.ts";
export * from "./document.ts";
export * from "./extension.ts";
export * from "./nested.ts";
export * from "./node_id.ts";
export * from "./packed_facet.ts";
export * from "./profiles.ts";
export * from "./schema.ts";
export * from "./version.ts";
export * from "./tree.ts";
export * from "./url.ts";
export * from "./value.ts";
export * from "./variable_type.ts";
export * from "./view.ts";

/** Network boot of a machine: its cfg, its kernel's arguments, and how the agent reads them. Pure functions. */
export * from "./address.ts";
export * from "./arguments.ts";
export * from "./cmdline.ts";
export * from "./validate.ts";
export * from "./extension.ts";
export * from "./host.ts";
export { imageCommandFault, imageDigestFault, imageNameFault, imageUrlFault } from "./image_rules.ts";
export * from "./load.ts";
export * from "./network_rules.ts";
export * from "./phase.ts";
export * from "./recognize_pi.ts";
export * from "./record.ts";

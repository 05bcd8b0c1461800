/** TFTP, read-only, for firmware that knows nothing better. */
export { bytesSource, fileSource } from "./sources.ts";
export type * from "./types.ts";

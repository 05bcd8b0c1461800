/** TFTP, read-only, for firmware that knows nothing better. */
export { blockFor } from "./negotiate.ts";
export { startTftpServer } from "./server.ts";
export { bytesSource, fileSource } from "./sources.ts";
export type * from "./types.ts";

/** Read-only TFTP, for firmware without HTTP. */
export { blockFor } from "./negotiate.ts";
export { startTftpServer } from "./server.ts";
export { UNANSWERED } from "./session.ts";
export { bytesSource, fileSource } from "./sources.ts";
export { ASK_AGAIN } from "./transfer_run.ts";
export type * from "./types.ts";

import { ASK_AGAIN, type TftpEvent, UNANSWERED } from "./tftp/mod.ts";

/** The longest path that is told, in characters: as long as one of a cfg. */
const MAX_PATH = 256;

/**
 * What a TFTP transfer says of the machine that has its address, in words; undefined: nothing that is worth an event. Requests that
 * are never answered may be anybody's.
 */
export function describeTftp({ path, kind, sent, size, reason = "" }: TftpEvent): string | undefined {
  const shown = path.slice(0, MAX_PATH);
  if (reason === ASK_AGAIN || reason === UNANSWERED) return undefined;
  if (kind === "refused") return `It asked for ${shown} over TFTP, and was refused: ${reason}`;
  if (kind !== "failed") return undefined;
  return `Its download of ${shown} over TFTP broke off at ${
    Math.floor(100 * sent / Math.max(1, size))
  } % of ${size} bytes: ${reason}`;
}

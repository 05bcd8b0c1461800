import type { Answer, CallOptions } from "../src/api/client/mod.ts";
import { reportAnswer, type Shown, writeLines } from "./report.ts";

/** The option of commands that change cfg: what the change is based on. */
export const conditionOption = {
  "if-match": {
    kind: "string",
    placeholder: "ETAG",
    help: "Make the change only if the cfg still has this ETag, which --dry-run shows; *: in any case",
  },
} as const;

/** How a change is sent: under the condition that was given, and followed where it takes longer than one request may. */
export function asChange({ "if-match": etag }: { readonly "if-match": string | undefined }): CallOptions {
  if (etag === undefined) return { patient: true };
  return { patient: true, ifMatch: etag === "*" || etag.startsWith('"') ? etag : `"${etag}"` };
}

/** Shows what a change does, and of a dry run the ETag that it can be made with. Returns the exit code. */
export function reportChange<T>(
  shown: Shown,
  answer: Answer<T>,
  dryRun: boolean,
  describe: (value: T) => readonly string[],
): number {
  const code = reportAnswer(shown, answer, describe);
  const isTold = answer.ok && dryRun && answer.etag !== undefined && shown.options.output === "table";
  if (isTold) {
    writeLines(shown.terminal, [`To change only what was shown here: --if-match ${answer.etag.replaceAll('"', "")}`]);
  }
  return code;
}

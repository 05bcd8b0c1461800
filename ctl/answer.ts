import { EXIT } from "../src/cli/mod.ts";
import type { Failure } from "../src/api/client/mod.ts";
import { formatDuration } from "../src/toolkit/mod.ts";

/** A failure as lines for people. */
export function describeFailure(failure: Failure): string[] {
  switch (failure.kind) {
    case "unreachable":
      return [
        `Cannot reach ${failure.server}: is the aggregator running? Start one with \`npm run demo\``,
        `  ${failure.detail}`,
        ...doubt(failure),
      ];
    case "timeout":
      return [`Cannot reach ${failure.server}: no answer within ${formatDuration(failure.timeout)}`, ...doubt(failure)];
    case "refused":
      return failure.problems.length === 0
        ? [`${failure.title} (HTTP status ${failure.status})`]
        : [...failure.problems];
    case "unexpected":
      return [`Cannot use the answer of ${failure.server}: ${failure.detail}`];
    case "ended":
      return doubt(failure);
    default:
      return failure satisfies never;
  }
}

/** What was sent and not answered may have been done all the same. */
function doubt({ mayBeDone }: { readonly mayBeDone?: boolean }): string[] {
  if (mayBeDone !== true) return [];
  return [
    "  The change may have been made all the same: look (krakenctl events, krakenctl get) before you send it again",
  ];
}

/** What a program exits with after a failure. */
export function exitCodeOf(failure: Failure): number {
  switch (failure.kind) {
    case "unreachable":
    case "timeout":
      return EXIT.unreachable;
    case "refused":
    case "unexpected":
      return EXIT.failed;
    case "ended":
      return 130; // as a shell says it of a program that Ctrl-C ended
    default:
      return failure satisfies never;
  }
}

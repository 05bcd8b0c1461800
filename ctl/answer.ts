import { EXIT } from "../src/cli/mod.ts";
import type { Failure } from "../src/api/client/mod.ts";
import { formatDuration } from "../src/toolkit/mod.ts";

/** A failure as lines for people. */
export function describeFailure(failure: Failure): string[] {
  switch (failure.kind) {
    case "unreachable":
      return failure.mayBeDone === true
        ? [
          `The connection to ${failure.server} was lost before an answer came`,
          `  ${failure.detail}`,
          ...doubt(failure),
        ]
        : [
          `Cannot reach ${failure.server}: is the aggregator running? Start one with \`npm run demo\``,
          `  ${failure.detail}`,
        ];
    case "timeout":
      return [`No answer from ${failure.server} within ${formatDuration(failure.timeout)}`, ...doubt(failure)];
    case "refused":
      return failure.problems.length === 0
        ? [`${failure.title} (HTTP status ${failure.status})`]
        : [...failure.problems, ...hint(failure)];
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

/** Says what krakenctl has for it. */
function hint({ type }: Extract<Failure, { readonly kind: "refused" }>): string[] {
  if (type !== "/problems/condition-missing") return [];
  return ["  With krakenctl: --if-match ETAG, as --dry-run shows it, or --if-match '*'"];
}

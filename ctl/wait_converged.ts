import { createLive, EXIT, renderBar } from "../src/cli/mod.ts";
import type { Clock } from "../src/clock.ts";
import { foldNodeset } from "../src/nodeset/mod.ts";
import { pause } from "../src/toolkit/mod.ts";
import { groupByKey } from "./grouping.ts";
import type { ApiClient } from "../src/api/client/mod.ts";
import { summarizeNodes } from "./node_text.ts";
import { reportFailure, reportProblems, type Shown } from "./report.ts";
import type { NodeSummaryInfo } from "../src/api/mod.ts";

/** How often nodes are looked at, in milliseconds. */
const INTERVAL = 500;
/** Phases out of which a node does not come by itself. */
const ENDED = ["stuck", "blocked", "frozen"];

/**
 * Waits until nodes are what they should be, with a progress bar. Ends too when all that is left is held up: the reasons
 * are shown then. Resolves to the exit code.
 */
export async function waitConverged(
  run: Shown & { readonly client: ApiClient; readonly clock: Clock; readonly signal: AbortSignal },
  names: ReadonlySet<string>,
): Promise<number> {
  const live = createLive(run.terminal, run.clock, { interval: INTERVAL });
  let heldBefore = false;
  try {
    for (;;) {
      const answer = await run.client.call("listNodes", {});
      if (!answer.ok) return reportFailure(run, answer.failure);
      const nodes = answer.value.nodes.filter(({ name }) => names.has(name));
      const left = nodes.filter(({ phase }) => phase !== "converged");
      live.show([renderBar(nodes.length - left.length, names.size), summarizeNodes(nodes)]);
      if (left.length === 0 && nodes.length === names.size) {
        // A phase may be older than the change that is waited for; a plan is made when it is asked for.
        const plans = await run.client.call("listPlans", { nodeset: foldNodeset(names) });
        if (!plans.ok) return reportFailure(run, plans.failure);
        if (plans.value.plans.every(({ plan }) => plan.ok && plan.steps.length === 0)) return EXIT.ok;
      }
      const held = left.length > 0 && left.every(({ phase }) => ENDED.includes(phase));
      if (held && heldBefore) {
        live.end();
        return reportProblems(run, describeHeld(left));
      }
      heldBefore = held;
      await pause(run.clock, INTERVAL, run.signal).catch(() => {}); // ended is told next
      if (run.signal.aborted) return reportFailure(run, { kind: "ended" });
    }
  } finally {
    live.end();
  }
}

function describeHeld(nodes: readonly NodeSummaryInfo[]): string[] {
  return groupByKey(nodes, ({ name }) => name, ({ phase, reason }) => `${phase} ${reason}`)
    .map(({ nodeset, shared }) => `${nodeset} will not converge: ${shared.phase}${withReason(shared.reason)}`);
}

function withReason(reason: string): string {
  return reason === "" ? "" : ` (${reason})`;
}

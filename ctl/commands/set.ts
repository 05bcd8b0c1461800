import { EXIT } from "../../src/cli/mod.ts";
import { type CfgSetting, parseAssignments, toMergePatch } from "../assignment.ts";
import { describeChanges } from "../change_text.ts";
import { defineCommand, showUsageError } from "../command.ts";
import { asChange, conditionOption, reportChange } from "../condition.ts";
import { countOf } from "../grouping.ts";
import { schema } from "../known.ts";
import { reportAnswer, reportFailure, type Shown, writeLines } from "../report.ts";
import { type ApiClient, mapAnswer } from "../../src/api/client/mod.ts";
import type { NodeSummaryInfo } from "../../src/api/mod.ts";
import { waitConverged } from "../wait_converged.ts";

/** Sets values of nodes. */
export const set = defineCommand({
  name: "set",
  about: "Sets the desired state of nodes, and shows the resulting plans; an empty value or null unsets",
  positionals: { usage: "NODESET /URL=VALUE ...", min: 2 },
  options: {
    "dry-run": { kind: "boolean", help: "Show the changes and the resulting plans without making them" },
    wait: { kind: "boolean", help: "Wait until every node of the set is at its goal" },
    until: {
      kind: "string",
      choices: ["boot", "free"],
      help: "Stage the change until the next boot of each node, or until its scheduler frees it",
    },
    ...conditionOption,
  },
  examples: [
    "krakenctl set n[1-4] /physState=POWER_OFF",
    "krakenctl set n1 /services/heartbeat/state=STOP --dry-run",
    `krakenctl set n1 '/services/heartbeat/config={"command":"sleep","args":["60"]}'`,
    "krakenctl set n[1-64] /boot/kernel=vmlinuz-new --until boot",
    "krakenctl set n1 /busy=BUSY    # reported by people and schedulers: an observation, no wish",
  ],
}, async (run) => {
  const [nodeset = "", ...texts] = run.args;
  const { wait, "dry-run": dryRun } = run.options;
  const parsed = parseAssignments(schema, texts);
  if (!parsed.ok) return showUsageError(run.terminal, parsed.problem, "krakenctl set");
  const { assignments } = parsed;
  const desired = assignments.filter(({ reported }) => !reported);
  const reported = assignments.filter((assignment) => assignment.reported);
  const { until } = run.options;
  if (until !== undefined) {
    const problem = reported.length > 0 ? "what is reported" : dryRun ? "--dry-run" : wait ? "--wait" : undefined;
    if (problem !== undefined) {
      return showUsageError(
        run.terminal,
        `Option '--until' cannot stage ${problem}: expected desired values alone`,
        "krakenctl set",
      );
    }
    const stagedNow = await run.client.call("stageCfg", {
      nodeset,
      until: until === "free" ? "free" : "boot",
      body: toMergePatch(desired),
    }, asChange(run.options));
    return reportAnswer(run, stagedNow, ({ nodes }) => {
      const left = nodes.filter(({ staged }) => staged !== undefined).length;
      return [`${countOf(nodes.length, "node")}: ${left} staged, ${nodes.length - left} changed at once`];
    });
  }
  // Resolve the nodeset first: if that fails, nothing must change.
  const needed = reported.length > 0 || wait;
  const nodes = needed
    ? mapAnswer(await run.client.call("listNodes", { nodeset }), (answer) => answer.nodes)
    : { ok: true as const, value: [] };
  if (!nodes.ok) return reportFailure(run, nodes.failure);
  if (desired.length > 0) {
    const answer = await run.client.call(
      "patchNodes",
      { nodeset, body: toMergePatch(desired), dryRun },
      asChange(run.options),
    );
    const code = reportChange(run, answer, dryRun, (changes) => describeChanges(changes, dryRun, run.style));
    if (code !== EXIT.ok) return code;
  }
  const code = reported.length === 0 ? EXIT.ok : await report(run, nodes.value, reported, dryRun);
  if (code !== EXIT.ok || !wait || dryRun) return code;
  return await waitConverged(run, new Set(nodes.value.map(({ name }) => name)));
});

/** Reports observations of nodes. */
async function report(
  run: Shown & { readonly client: ApiClient },
  nodes: readonly NodeSummaryInfo[],
  reported: readonly CfgSetting[],
  dryRun: boolean,
): Promise<number> {
  for (const { id } of dryRun ? [] : nodes) {
    const answer = await run.client.call("patchDsc", { id, body: toMergePatch(reported) });
    if (!answer.ok) return reportFailure(run, answer.failure);
  }
  const urls = reported.map(({ url }) => url).join(", ");
  const done = dryRun ? "would be reported (dry run: nothing was changed)" : "reported";
  if (run.options.output === "table") writeLines(run.terminal, [`${countOf(nodes.length, "node")}: ${urls} ${done}`]);
  return EXIT.ok;
}

import { EXIT } from "../../src/cli/mod.ts";
import { parseAssignments, toMergePatch } from "../assignment.ts";
import { defineCommand, validateUsage } from "../command.ts";
import { explainEverywhere } from "../explain_everywhere.ts";
import { describeExplanations } from "../explain_text.ts";
import { schema } from "../known.ts";
import { reportAnswer } from "../report.ts";

/** Says what is done with nodes and why nothing is where nothing is. */
export const explain = defineCommand({
  name: "explain",
  about: "Says what nodes are doing, what they wait for and why; with values, what would be done to reach those",
  positionals: { usage: "NODESET [/URL=VALUE ...]", min: 1 },
  options: {},
  examples: ["krakenctl explain n3", "krakenctl explain n[1-412]", "krakenctl explain n3 /physState=POWER_OFF"],
}, async (run) => {
  const [nodeset = "", ...texts] = run.args;
  const parsed = parseAssignments(schema, texts);
  if (!parsed.ok) return validateUsage(run.terminal, parsed.problem, "krakenctl explain");
  const { assignments } = parsed;
  const observed = assignments.find(({ reported }) => reported);
  if (observed !== undefined) {
    const problem = `${observed.url} is no goal: expected values that \`krakenctl set\` would desire`;
    return validateUsage(run.terminal, problem, "krakenctl explain");
  }
  const answer = await explainEverywhere(
    run.client,
    nodeset,
    assignments.length === 0 ? undefined : toMergePatch(assignments),
  );
  const code = reportAnswer(run, answer, (explanations) => describeExplanations(explanations, run.style));
  const hasWay = answer.ok && answer.value.every(({ noPlan }) => noPlan === undefined);
  return code === EXIT.ok && !hasWay ? EXIT.failed : code;
});

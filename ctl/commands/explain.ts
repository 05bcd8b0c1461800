import { mapAnswer } from "../../src/api/client/mod.ts";
import { cleanText, EXIT } from "../../src/cli/mod.ts";
import { parseAssignments, toMergePatch } from "../assignment.ts";
import { defineCommand, showUsageError } from "../command.ts";
import { explainEverywhere } from "../explain_everywhere.ts";
import { describeExplanations } from "../explain_text.ts";
import { schema } from "../known.ts";
import { describePlans } from "../plan_text.ts";
import { reportAnswer, reportFailure } from "../report.ts";

/** Says what is done with nodes and why nothing is where nothing is. */
export const explainCommand = defineCommand({
  name: "explain",
  about: "Explains what nodes do, what they wait for and why; with values, what reaching them would take",
  positionals: { usage: "NODESET [/URL=VALUE ...]", min: 1 },
  options: {},
  examples: ["krakenctl explain n3", "krakenctl explain n[1-412]", "krakenctl explain n3 /physState=POWER_OFF"],
}, async (run) => {
  const [nodeset = "", ...texts] = run.args;
  const parsed = parseAssignments(schema, texts);
  if (!parsed.ok) return showUsageError(run.terminal, parsed.problem, "krakenctl explain");
  const { assignments } = parsed;
  const observed = assignments.find(({ reported }) => reported);
  if (observed !== undefined) {
    const problem = `${observed.url} is no goal: expected values that \`krakenctl set\` would desire`;
    return showUsageError(run.terminal, problem, "krakenctl explain");
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

/** Shows plans. */
export const planCommand = defineCommand({
  name: "plan",
  about: "Shows the remaining steps of nodes: what each does, who does it and what it waits for",
  positionals: { usage: "NODESET", min: 1, max: 1 },
  options: {},
  examples: ["krakenctl plan n[1-412]"],
}, async (run) => {
  const [nodeset = ""] = run.args;
  const answer = mapAnswer(await run.client.call("listPlans", { nodeset }), ({ plans }) => plans);
  const code = reportAnswer(run, answer, (plans) => describePlans(plans, run.style));
  const hasEach = answer.ok && answer.value.every((each) => each.plan.ok);
  return code === EXIT.ok && !hasEach ? EXIT.failed : code;
});

/** Draws the states around a node. */
export const graphCommand = defineCommand({
  name: "graph",
  about: "Draws the states that a node can reach, its current state and its path to its goal",
  positionals: { usage: "NODE", min: 1, max: 1 },
  options: {
    output: {
      kind: "string",
      short: "o",
      choices: ["json", "dot", "mermaid"],
      default: "mermaid",
      help: "Format of the drawing, or its data",
    },
  },
  examples: ["krakenctl graph n3", "krakenctl graph n3 -o dot | dot -Tsvg > n3.svg"],
}, async (run) => {
  const [name = ""] = run.args;
  const { output } = run.options;
  const answer = await run.client.text("getGraph", { id: name, format: output });
  if (!answer.ok) return reportFailure(run, answer.failure);
  const lines = answer.value.trimEnd().split("\n");
  run.terminal.write(`${lines.map(cleanText).join("\n")}\n`);
  return EXIT.ok;
});

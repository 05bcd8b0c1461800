import { defineCommand } from "../command.ts";
import { describeNode } from "../node_text.ts";
import { reportAnswer } from "../report.ts";

/** Shows one node. */
export const getNode = defineCommand({
  name: "get node",
  about: "Shows one node: what it should be, and what it is known to be",
  positionals: { usage: "NODE", min: 1, max: 1 },
  options: {},
  examples: ["krakenctl get node n1", "krakenctl get node n1 -o yaml"],
}, async (run) => {
  const [name = ""] = run.args;
  const answer = await run.client.call("getNode", { id: name });
  return reportAnswer(run, answer, (node) => describeNode(node, run.style, run.terminal.columns()));
});

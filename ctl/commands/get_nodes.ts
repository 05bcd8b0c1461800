import { mapAnswer } from "../../src/api/client/mod.ts";
import { defineCommand } from "../command.ts";
import { describeNodes } from "../node_text.ts";
import { reportAnswer } from "../report.ts";

/** Lists nodes. */
export const getNodes = defineCommand({
  name: "get nodes",
  about: "Lists nodes with their power, run state and what is being done about them",
  positionals: { usage: "[NODESET]", max: 1 },
  options: {},
  examples: ["krakenctl get nodes", "krakenctl get nodes n[1-4],login1", "krakenctl get nodes -o json"],
}, async (run) => {
  const [nodeset] = run.args;
  const answer = await run.client.call("listNodes", { nodeset });
  // An aggregator is a node too, but nobody who asks for the cluster's nodes means it.
  const shown = mapAnswer(answer, ({ nodes }) => nodes.filter(({ kind }) => kind === "node" || nodeset !== undefined));
  return reportAnswer(run, shown, (nodes) => describeNodes(nodes, run.style, run.terminal.columns()));
});

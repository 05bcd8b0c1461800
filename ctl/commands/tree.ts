import { mapAnswer } from "../../src/api/client/mod.ts";
import { defineCommand } from "../command.ts";
import { reportAnswer } from "../report.ts";
import { describeTree } from "../tree_text.ts";

/** Shows the tree of aggregators. */
export const tree = defineCommand({
  name: "tree",
  about: "Shows the aggregators from the one that is asked down, and how the nodes below each are",
  options: {},
  examples: ["krakenctl tree", "krakenctl tree --server http://127.0.0.1:3151"],
}, async (run) => {
  const answer = mapAnswer(await run.client.call("listTree", {}), ({ aggregators }) => aggregators);
  return reportAnswer(run, answer, (all) => describeTree(all, run.style, run.terminal.columns()));
});

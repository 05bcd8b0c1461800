import { mapAnswer } from "../../src/api/client/mod.ts";
import { defineCommand } from "../command.ts";
import { describeNode, describeNodes } from "../node_text.ts";
import { reportAnswer } from "../report.ts";
import { describeTree } from "../tree_text.ts";

/** Lists nodes. */
export const getNodes = defineCommand({
  name: "get nodes",
  about: "Lists nodes with power, run state, and what Kraken does for them",
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

/** Shows one node. */
export const getNode = defineCommand({
  name: "get node",
  about: "Shows the desired and the discovered state of one node",
  positionals: { usage: "NODE", min: 1, max: 1 },
  options: {},
  examples: ["krakenctl get node n1", "krakenctl get node n1 -o yaml"],
}, async (run) => {
  const [name = ""] = run.args;
  const answer = await run.client.call("getNode", { id: name });
  return reportAnswer(run, answer, (node) => describeNode(node, run.style, run.terminal.columns()));
});

/** Shows the tree of aggregators. */
export const treeCommand = defineCommand({
  name: "tree",
  about: "Shows the aggregators below the one that is asked, and the health of the nodes below each",
  options: {},
  examples: ["krakenctl tree", "krakenctl tree --server http://127.0.0.1:3151"],
}, async (run) => {
  const answer = mapAnswer(await run.client.call("listTree", {}), ({ aggregators }) => aggregators);
  return reportAnswer(run, answer, (all) => describeTree(all, run.style, run.terminal.columns()));
});

import { cleanText, EXIT } from "../../src/cli/mod.ts";
import { defineCommand } from "../command.ts";
import { reportFailure } from "../report.ts";

/** Draws the states around a node. */
export const graph = defineCommand({
  name: "graph",
  about: "Draws the states that a node can come to, where it is, and its way to its goal",
  positionals: { usage: "NODE", min: 1, max: 1 },
  options: {
    output: {
      kind: "string",
      short: "o",
      choices: ["json", "dot", "mermaid"],
      default: "mermaid",
      help: "The language of the drawing, or the data of it",
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

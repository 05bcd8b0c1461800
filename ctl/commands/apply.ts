import { EXIT } from "../../src/cli/mod.ts";
import { type InventoryNode, parseInventory } from "../../src/inventory/mod.ts";
import { toNested } from "../../src/state/mod.ts";
import { describeChanges } from "../change_text.ts";
import { defineCommand } from "../command.ts";
import { asChange, conditionOption, reportChange } from "../condition.ts";
import { isGoal, schema } from "../known.ts";
import { reportFailure, reportProblems } from "../report.ts";
import { waitConverged } from "../wait_converged.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** Makes nodes what a file says. */
export const applyCommand = defineCommand({
  name: "apply",
  about: "Gives nodes exactly the state of an inventory file, and shows the changes and the resulting plans",
  options: {
    file: {
      kind: "string",
      short: "f",
      placeholder: "FILE",
      required: true,
      help: "Inventory file, YAML or JSON; -: standard input",
    },
    "dry-run": { kind: "boolean", help: "Show the changes and the resulting plans without making them" },
    wait: { kind: "boolean", help: "Wait until every node of the file is at its goal" },
    ...conditionOption,
  },
  examples: ["krakenctl apply -f cluster.yaml --dry-run", "krakenctl apply -f cluster.yaml --wait"],
}, async (run) => {
  const { file, wait, "dry-run": dryRun } = run.options;
  const source = file === "-" ? "standard input" : file;
  let text: string;
  try {
    text = await run.readText(file);
  } catch (error) {
    return reportProblems(run, [`Cannot read '${source}': ${errorText(error)}`]);
  }
  const parsed = parseInventory(text, { schema, isGoal });
  if (!parsed.ok) return reportProblems(run, parsed.problems.map((problem) => `${source}: ${problem}`));
  const { aggregators, nodes, cluster } = parsed.inventory;
  if (cluster !== undefined) {
    const engine = await run.client.call("getEngine", {});
    if (!engine.ok) return reportFailure(run, engine.failure);
    if (engine.value.cluster !== cluster) {
      const problem =
        `cluster is "${cluster}": the aggregator at ${run.options.server} serves "${engine.value.cluster}"`;
      return reportProblems(run, [`${source}: ${problem}`]);
    }
  }
  const answer = await run.client.call(
    "apply",
    { body: { nodes: [...aggregators, ...nodes].map(toBody) }, dryRun },
    asChange(run.options),
  );
  const code = reportChange(run, answer, dryRun, (changes) => describeChanges(changes, dryRun, run.style));
  if (code !== EXIT.ok || !wait || dryRun) return code;
  return await waitConverged(run, new Set(nodes.map(({ name }) => name)));
});

function toBody({ cfg, ...node }: InventoryNode) {
  return { ...node, cfg: toNested(cfg) };
}

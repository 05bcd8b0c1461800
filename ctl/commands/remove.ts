import { mapAnswer } from "../../src/api/client/mod.ts";
import { EXIT } from "../../src/cli/mod.ts";
import { defineCommand } from "../command.ts";
import { asChange, conditionOption } from "../condition.ts";
import { countOf } from "../grouping.ts";
import { reportAnswer, reportFailure, reportProblems } from "../report.ts";

/** Deletes nodes. */
export const remove = defineCommand({
  name: "delete",
  about: "Deletes nodes from Kraken; their machines are not touched",
  positionals: { usage: "NODESET", min: 1, max: 1 },
  options: { yes: { kind: "boolean", short: "y", help: "Do not ask for confirmation" }, ...conditionOption },
  examples: ["krakenctl delete n[400-412]", "krakenctl delete n7 -y"],
}, async (run) => {
  const [nodeset = ""] = run.args;
  if (!run.options.yes) {
    const nodes = await run.client.call("listNodes", { nodeset });
    if (!nodes.ok) return reportFailure(run, nodes.failure);
    const question = `Forget ${countOf(nodes.value.nodes.length, "node")} (${nodeset})? Type yes: `;
    const reply = await run.ask(question, run.signal);
    if (run.signal.aborted) return reportFailure(run, { kind: "ended" });
    if (reply === undefined) {
      return reportProblems(run, ["There is no terminal to ask at: expected -y. Nothing was deleted"]);
    }
    if (reply.trim() !== "yes") {
      run.terminal.writeError("krakenctl: Nothing was deleted\n");
      return EXIT.failed;
    }
  }
  const answer = mapAnswer(
    await run.client.call("deleteNodes", { nodeset }, asChange(run.options)),
    ({ deleted }) => deleted,
  );
  return reportAnswer(run, answer, (nodes) => [`${countOf(nodes.length, "node")}: deleted`]);
});

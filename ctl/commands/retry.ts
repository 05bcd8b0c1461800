import { defineCommand } from "../command.ts";
import { countOf } from "../grouping.ts";
import { reportAnswer, reportFailure } from "../report.ts";

/** Tries again what was given up. */
export const retry = defineCommand({
  name: "retry",
  about: "Forgets the failures of nodes, so that what was given up is tried again",
  positionals: { usage: "NODESET", min: 1, max: 1 },
  options: {},
  examples: ["krakenctl retry n7"],
}, async (run) => {
  const [nodeset = ""] = run.args;
  const answer = await run.client.call("listNodes", { nodeset });
  if (!answer.ok) return reportFailure(run, answer.failure);
  for (const { id } of answer.value.nodes) {
    const retried = await run.client.call("retryNode", { id });
    if (!retried.ok) return reportFailure(run, retried.failure);
  }
  const names = answer.value.nodes.map(({ name }) => name);
  return reportAnswer(
    run,
    { ok: true, value: { retried: names } },
    () => [`${countOf(names.length, "node")}: retried`],
  );
});

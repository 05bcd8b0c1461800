import { mapAnswer } from "../../src/api/client/mod.ts";
import { EXIT } from "../../src/cli/mod.ts";
import { defineCommand } from "../command.ts";
import { describePlans } from "../plan_text.ts";
import { reportAnswer } from "../report.ts";

/** Shows plans. */
export const plan = defineCommand({
  name: "plan",
  about: "Shows what is still to be done on nodes: each step, who does it and what it waits for",
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

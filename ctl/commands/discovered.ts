import { defineCommand } from "../command.ts";
import { describeDiscovered } from "../discovered_text.ts";
import { reportAnswer } from "../report.ts";

/** Lists machines that nobody knows. */
export const discovered = defineCommand({
  name: "discovered",
  about: "Lists the machines that have asked the aggregator to boot and that no node is known of",
  options: {},
  examples: ["krakenctl discovered", "krakenctl discovered -o json"],
}, async (run) => {
  const answer = await run.client.call("listDiscovered", {});
  return reportAnswer(run, answer, (found) => describeDiscovered(found, run.style, run.terminal.columns()));
});

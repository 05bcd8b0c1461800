import { mapAnswer } from "../../src/api/client/mod.ts";
import { defineCommand } from "../command.ts";
import { countOf } from "../grouping.ts";
import { describeHolds, describeLimits } from "../limits_text.ts";
import { reportAnswer } from "../report.ts";

/** Shows limits and invariants. */
export const limits = defineCommand({
  name: "limits",
  about: "Shows limits and invariants, who waits at them, and what is held for the whole fleet",
  options: {},
  examples: ["krakenctl limits", `krakenctl set root '/limits/power={"mutations":["simpower/power-on"],"atMost":20}'`],
}, async (run) => {
  const answer = await run.client.call("getLimits", {});
  return reportAnswer(run, answer, (all) => describeLimits(all, run.style, run.terminal.columns()));
});

/** Lets everything be tried again that is held for the whole fleet. */
export const release = defineCommand({
  name: "release",
  about: "Lets everything be tried again that is held for the whole fleet, as it failed on many nodes in a row",
  options: {},
  examples: ["krakenctl release"],
}, async (run) => {
  const answer = mapAnswer(await run.client.call("release", {}), ({ released }) => released);
  return reportAnswer(
    run,
    answer,
    (holds) => [
      holds.length === 0 ? "Nothing was held for the whole fleet" : `${countOf(holds.length, "mutation")}: released`,
      ...describeHolds(holds, run.style),
    ],
  );
});

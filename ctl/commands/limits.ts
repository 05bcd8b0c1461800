import { mapAnswer } from "../../src/api/client/mod.ts";
import { defineCommand } from "../command.ts";
import { asChange, conditionOption } from "../condition.ts";
import { countOf } from "../grouping.ts";
import { describeHolds, describeLimits } from "../limits_text.ts";
import { reportAnswer, reportFailure } from "../report.ts";

/** Shows limits and invariants. */
export const limitsCommand = defineCommand({
  name: "limits",
  about: "Shows limits and invariants, the nodes that wait at them, and fleet-wide holds",
  options: {},
  examples: ["krakenctl limits", `krakenctl set root '/limits/power={"mutations":["simpower/power-on"],"atMost":20}'`],
}, async (run) => {
  const answer = await run.client.call("getLimits", {});
  return reportAnswer(run, answer, (all) => describeLimits(all, run.style, run.terminal.columns()));
});

/** Lets everything be tried again that is held for the whole fleet. */
export const releaseCommand = defineCommand({
  name: "release",
  about: "Ends all fleet-wide holds, so that everything is tried again",
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

/** Stops the engine from starting anything. */
export const freeze = defineFreezer("freeze", "Starts no more steps on nodes, or on any node, until they are thawed");
/** Lets the engine go on. */
export const thaw = defineFreezer("thaw", "Resumes work on nodes, or on every node");

function defineFreezer(name: "freeze" | "thaw", about: string) {
  return defineCommand({
    name,
    about,
    positionals: { usage: "[NODESET]", max: 1 },
    options: conditionOption,
    examples: [`krakenctl ${name}`, `krakenctl ${name} n[1-4]`],
  }, async (run) => {
    const [nodeset] = run.args;
    const answer = await run.client.call(
      name,
      { body: nodeset === undefined ? {} : { nodeset } },
      asChange(run.options),
    );
    const done = name === "freeze" ? "frozen" : "thawed";
    return reportAnswer(run, answer, () => [`${nodeset ?? "Everything"}: ${done}`]);
  });
}

/** Tries again what was given up. */
export const retry = defineCommand({
  name: "retry",
  about: "Clears the failures of nodes, so that what was given up is tried again",
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

import { defineCommand } from "../command.ts";
import { reportAnswer } from "../report.ts";

/** Stops the engine from starting anything. */
export const freeze = defineFreezer("freeze", "Starts nothing more on nodes, or on any node, until they are thawed");
/** Lets the engine go on. */
export const thaw = defineFreezer("thaw", "Lets work on nodes, or on every node, go on");

function defineFreezer(name: "freeze" | "thaw", about: string) {
  return defineCommand({
    name,
    about,
    positionals: { usage: "[NODESET]", max: 1 },
    options: {},
    examples: [`krakenctl ${name}`, `krakenctl ${name} n[1-4]`],
  }, async (run) => {
    const [nodeset] = run.args;
    const answer = await run.client.call(name, { body: nodeset === undefined ? {} : { nodeset } });
    const done = name === "freeze" ? "frozen" : "thawed";
    return reportAnswer(run, answer, () => [`${nodeset ?? "Everything"}: ${done}`]);
  });
}

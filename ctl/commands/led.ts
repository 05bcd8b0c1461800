import { describeChanges } from "../change_text.ts";
import { type Command, defineCommand } from "../command.ts";
import { asChange, conditionOption, reportChange } from "../condition.ts";

const options = {
  "dry-run": { kind: "boolean", help: "Show the resulting plans without making the change" },
  ...conditionOption,
} as const;

/** What the identify LEDs of machines are to do from now on. */
function defineLed(verb: "on" | "off" | "blink", value: "ON" | "OFF" | "BLINKING", about: string): Command {
  return defineCommand({
    name: `led ${verb}`,
    about,
    positionals: { usage: "NODESET", min: 1, max: 1 },
    options,
    examples: [`krakenctl led ${verb} n7`, `krakenctl led ${verb} n[1-4] --dry-run`],
  }, async (run) => {
    const [nodeset = ""] = run.args;
    const dryRun = run.options["dry-run"];
    const answer = await run.client.call(
      "patchNodes",
      { nodeset, body: { bmc: { led: value } }, dryRun },
      asChange(run.options),
    );
    return reportChange(run, answer, dryRun, (changes) => describeChanges(changes, dryRun, run.style));
  });
}

/** The commands about identify LEDs. */
export const led: readonly Command[] = [
  defineLed("on", "ON", "Turns the identify LEDs of machines on"),
  defineLed("off", "OFF", "Turns the identify LEDs of machines off"),
  defineLed("blink", "BLINKING", "Makes the identify LEDs of machines blink, if their controllers support it"),
];

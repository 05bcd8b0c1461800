import { cleanText, type Style } from "../src/cli/mod.ts";
import { countOf } from "./grouping.ts";
import { describeSteps, describeSuspended } from "./plan_text.ts";
import type { GroupShape } from "./shapes.ts";

/** What follows from a change, in words: `412 nodes (n[1-412]): 2 steps: ...; about 1 min`, then the steps. */
export function describeGroups(groups: readonly GroupShape[], style: Style): string[] {
  return groups.flatMap((group) => {
    const title = style.bold(`${countOf(group.count, "node")} (${cleanText(group.nodeset)})`);
    const summary = cleanText(group.summary);
    const note = (about: string, nodeset: string | undefined) =>
      nodeset === undefined ? [] : [style.yellow(cleanText(`  ${about}: ${nodeset}`))];
    return [
      `${title}: ${group.ok ? summary : style.red(summary)}`,
      ...describeSteps(group.steps),
      ...describeSuspended(group.suspended),
      ...note("busy", group.busy),
      ...note("frozen, nothing is started before a thaw", group.frozen),
      ...note("held", group.held && `${group.held.nodeset}: ${group.held.reason}`),
    ];
  });
}

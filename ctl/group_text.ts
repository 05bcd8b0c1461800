import { cleanText, type Style } from "../src/cli/mod.ts";
import { countOf } from "./grouping.ts";
import { describeSteps, describeSuspended } from "./plan_text.ts";
import type { GroupShape } from "./shapes.ts";

/** What follows from a change, in words: `412 nodes (n[1-412]): 2 steps: ...; about 1 min`, then the steps. */
export function describeGroups(groups: readonly GroupShape[], style: Style): string[] {
  return groups.flatMap((group) => {
    const title = style.bold(`${countOf(group.count, "node")} (${cleanText(group.nodeset)})`);
    const { refused, queued = [] } = group;
    const summary = cleanText(group.summary);
    const note = (about: string, nodeset: string | undefined) =>
      nodeset === undefined ? [] : [style.yellow(cleanText(`  ${about}: ${nodeset}`))];
    return [
      `${title}: ${group.ok ? summary : style.red(summary)}`,
      ...describeSteps(group.steps, startsOf(group)),
      ...describeSuspended(group.suspended),
      ...note("busy", group.busy),
      ...note("frozen, nothing is started before a thaw", group.frozen),
      ...note("refused", refused && `by invariant '${refused.invariant}', as ${refused.because}`),
      ...queued.flatMap(({ words }) => note("queued", words)),
      ...note("held", group.held && `${group.held.nodeset}: ${group.held.reason}`),
    ];
  });
}

/** How steps that come after no other start, where a rule stands in the way. */
function startsOf({ refused, queued = [] }: GroupShape): ReadonlyMap<number, string> {
  const starts = new Map(queued.map(({ step, rule }) => [step, `waits at '${rule}'`]));
  if (refused !== undefined) starts.set(refused.step, `refused by '${refused.invariant}'`);
  return starts;
}

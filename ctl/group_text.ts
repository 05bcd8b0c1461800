import { cleanText, type Style } from "../src/cli/mod.ts";
import { countOf } from "./grouping.ts";
import { describeSteps, describeSuspended, startsOf } from "./plan_text.ts";
import type { ChangeGroupInfo } from "../src/api/mod.ts";

/** What follows from a change, in words: `412 nodes (n[1-412]): 2 steps: ...; about 1 min`, then the steps. */
export function describeGroups(groups: readonly ChangeGroupInfo[], style: Style): string[] {
  return groups.flatMap((group) => {
    const title = style.bold(`${countOf(group.count, "node")} (${cleanText(group.nodeset)})`);
    const { refused, queued = [] } = group;
    const summary = cleanText(group.summary);
    const note = (about: string, nodeset: string | undefined) =>
      nodeset === undefined ? [] : [style.yellow(cleanText(`  ${about}: ${nodeset}`))];
    return [
      `${title}: ${group.ok ? summary : style.red(summary)}`,
      ...describeSteps(group.steps, startsIn(group), group.frozen === undefined ? undefined : PARTLY),
      ...describeSuspended(group.suspended),
      ...note("busy", group.busy),
      ...note("frozen, nothing is started before a thaw", group.frozen),
      ...note("refused", refused && `by invariant '${refused.invariant}', as ${refused.because}`),
      ...queued.flatMap(({ words }) => note("queued", words)),
      ...note("held", group.held && `${group.held.nodeset}: ${group.held.reason}`),
    ];
  });
}

/** How steps start on nodes of which some are frozen. */
const PARTLY = "starts now, on frozen nodes after a thaw";

/** How steps start that do not start at once, by their places. */
function startsIn({ starts = [], refused, queued = [] }: ChangeGroupInfo): ReadonlyMap<number, string> {
  const found = startsOf(starts);
  for (const { step, rule } of queued) {
    if (starts.every((each) => each.step !== step)) found.set(step, `waits at '${rule}'`);
  }
  if (refused !== undefined) found.set(refused.step, `refused by '${refused.invariant}'`);
  return found;
}

import type { NodeChange } from "../cfg/change.ts";
import { planAgain } from "../cfg/change.ts";
import type { Control } from "../control/control.ts";

/** How often an answer is made again: other questions may come between. */
const MAX_TURNS = 8;

/**
 * Makes an answer, and makes it again as long as a plan in it is still being searched for. Searches are bounded, so that
 * nobody waits for ever.
 */
export async function whenSearched<T>(
  control: Pick<Control, "searched">,
  make: () => T,
  isSearching: (answer: T) => boolean,
): Promise<T> {
  let answer = make();
  for (let turn = 0; turn < MAX_TURNS && isSearching(answer); turn++) {
    await control.searched();
    answer = make();
  }
  return answer;
}

/** Waits for the plans of changes. */
export async function withPlans(
  control: Pick<Control, "searched">,
  changes: readonly NodeChange[],
): Promise<readonly NodeChange[]> {
  let planned = changes;
  return await whenSearched(
    control,
    () => planned = planned.map(planAgain),
    (all) => all.some(({ plan }) => isSearching(plan)),
  );
}

/** Tells whether a plan, or the reason why there is none, says that the search goes on. */
export function isSearching(plan: { readonly ok: boolean; readonly reason?: { readonly kind: string } }): boolean {
  return plan.reason?.kind === "searching";
}

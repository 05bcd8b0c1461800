/** The largest sum of weights: within it sums of whole numbers are exact. */
const LARGEST = Number.MAX_SAFE_INTEGER;

/** The cost of an action in both respects. Both are positive integers. */
export interface Expense {
  readonly disruption: number;
  /** Milliseconds. */
  readonly duration: number;
}

/**
 * Makes one number of disruption and duration. Of two plans of at most `maxSteps` steps the one of less disruption has
 * the lower sum, and of two of the same disruption the one that takes less time in all. Sums are exact.
 *
 * If numbers are too small for that, durations count in a coarser unit than milliseconds, rounded up; disruption is
 * always exact. With the planner's default bound that takes, say, disruptions of 100 and expected durations of a
 * quarter of an hour, which then count in tenths of a second.
 *
 * @param expenses The expenses of all actions.
 * @param maxSteps At most 500,000, for the largest disruptions that can be declared.
 */
export function weigher(expenses: readonly Expense[], maxSteps: number): (expense: Expense) => number {
  const longest = expenses.reduce((most, { duration }) => Math.max(most, duration), 1);
  const worst = expenses.reduce((most, { disruption }) => Math.max(most, disruption), 1);
  const steps = Math.max(1, maxSteps);
  // A plan weighs at most steps * (worst + 1) * steps * (longest / unit + 1).
  const unit = Math.max(1, Math.ceil(longest / Math.max(1, LARGEST / (steps * (worst + 1) * steps) - 1)));
  const ofDisruption = steps * Math.ceil(longest / unit) + 1;
  return ({ disruption, duration }) => disruption * ofDisruption + Math.ceil(duration / unit);
}

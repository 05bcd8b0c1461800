// fast-check as every test of this project uses it. Tests import it from here and not by itself: the gate checks that.
import * as fc from "fast-check";

// Without this, fc.array(x, { maxLength: 80 }) makes some ten elements at most, and strings and bytes are as short: a
// property would see small worlds only, whatever its limits say.
fc.configureGlobal({ ...fc.readConfigureGlobal(), defaultSizeToMaxWhenMaxSpecified: true });

export * as fc from "fast-check";

/** What is less likely than this is no chance: properties draw other inputs in each run, and must not fail by that. */
const UNLIKELY = 1e-6;

/** The chance of at most `count` events where `mean` are expected (Poisson). */
function chanceOfAtMost(count: number, mean: number): number {
  let term = Math.exp(-mean);
  let sum = term;
  for (let at = 1; at <= count; at++) sum += term *= mean / at;
  return sum;
}

/** Counts which classes of inputs or situations a property has reached. */
export interface Coverage<Class extends string> {
  /** Counts one run, which reached these classes; a class that is named twice counts once. */
  saw(...reached: readonly Class[]): void;
  /**
   * Prints the share of runs that reached each class.
   *
   * @throws {RangeError} When a class was reached by so few that chance does not explain it, were its share `least`: one
   * in a million. A few hundred runs tell that of classes that one in twenty should reach; rarer ones are printed.
   */
  check(): void;
}

/**
 * Starts to count what a property covers, so that it can't pass without having met what it is about.
 *
 * @param name What the property is about, for the line that is printed.
 * @param classes What has to be reached.
 * @param least Share of the runs, from 0 to 1, that has to reach each class; 0.02 where none is given.
 *
 * ```ts ignore
 * const covered = createCoverage("merge", ["conflict", "deletion"]);
 * fc.assert(fc.property(documents, ([a, b]) => {
 *   covered.saw(...(conflicts(a, b) ? ["conflict" as const] : []), ...(deletes(a, b) ? ["deletion" as const] : []));
 *   // ...
 * }));
 * covered.check();
 * ```
 */
export function createCoverage<Class extends string>(
  name: string,
  classes: readonly Class[],
  least = 0.02,
): Coverage<Class> {
  const counts = new Map<Class, number>(classes.map((each) => [each, 0]));
  let runs = 0;
  return {
    saw(...reached) {
      runs++;
      for (const each of new Set(reached)) counts.set(each, (counts.get(each) ?? 0) + 1);
    },
    check() {
      const shares = [...counts].map(([each, count]) => `${each} ${(100 * count / Math.max(1, runs)).toFixed(1)} %`);
      console.log(`covered, ${name}: ${shares.join(", ")} of ${runs} runs`);
      const missed = [...counts].filter(([, count]) => chanceOfAtMost(count, least * runs) < UNLIKELY).map(([each]) =>
        `"${each}"`
      );
      if (missed.length > 0) {
        throw new RangeError(
          `Cannot trust the property "${name}": too few of its ${runs} runs reached ${
            missed.join(", ")
          }: widen its inputs`,
        );
      }
    },
  };
}

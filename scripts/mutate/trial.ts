import type { Mutant } from "./mutators.ts";
import type { TrialOutcome } from "./report.ts";
import type { Sandbox } from "./sandbox.ts";

/** Milliseconds of grace for a run of tests, beyond three times what they take without a mutant. */
const GRACE = 20_000;
/** Longest, in milliseconds, that one test file may take to be asked at all. */
const LONGEST = 60_000;

/** Tries mutants. */
export interface Trial {
  /** @param tests The test files that reach it, in the order in which they are asked. */
  try(mutant: Mutant, tests: readonly string[]): Promise<TrialOutcome>;
}

/**
 * Measures each test file once without a mutant; one that fails or takes over a minute then is not asked.
 *
 * @param budget Milliseconds of tests for one mutant.
 */
export function createTrial(sandbox: Sandbox, budget: number): Trial {
  const times = new Map<string, number | undefined>();

  /** Milliseconds that a test file takes without a mutant; undefined: it can't be asked. */
  async function timeOf(test: string): Promise<number | undefined> {
    if (!times.has(test)) {
      const start = performance.now();
      const { code } = await sandbox.run([test], LONGEST);
      times.set(test, code === 0 ? performance.now() - start : undefined);
    }
    return times.get(test);
  }

  return {
    async try(mutant, tests) {
      const asked: string[] = [];
      let total = 0;
      for (const test of tests) {
        const time = await timeOf(test);
        if (time === undefined) continue;
        if (asked.length > 0 && total + time > budget) continue; // a slow one must not keep quick ones from being asked
        total += time;
        asked.push(test);
      }
      if (asked.length === 0) return "unreached";
      const result = await sandbox.runWith(mutant, asked, 3 * total + GRACE);
      if (result.timedOut) return "timeout";
      return result.code === 0 ? "survived" : "killed";
    },
  };
}

import type { Clock } from "../../src/clock.ts";
import type { Pool } from "./pool.ts";
import { troubleOf } from "./protocol.ts";

/** The report of a plug's device is read again after this many milliseconds. */
const KEEP = 60_000;
/** The largest number of plugs to diagnose at a time, because each takes its own command. */
const MAX_ASKED = 4;

/** Finds out why powermand cannot report the power of a plug, which it does not say by itself. */
export interface Diagnosis {
  /**
   * Diagnoses some of the names, those not diagnosed for longest, and returns earlier results for the others.
   *
   * @returns By name: the problem that its device reported, if any.
   */
  ask(names: readonly string[], urgent: boolean): Promise<ReadonlyMap<string, string>>;
}

/**
 * Creates the diagnosis: powermand shows what devices say (telemetry) during one more command.
 *
 * @param clock Dates the results.
 * @param pool The connections.
 */
export function createDiagnosis(clock: Clock, pool: Pool): Diagnosis {
  const known = new Map<string, { readonly words: string | undefined; readonly at: number }>();

  async function listen(name: string, urgent: boolean): Promise<string | undefined> {
    const { heard } = await pool.use({ urgent }, async (command) => {
      const { code, words } = await command("telemetry");
      if (code !== 104 || !/\bON\b/i.test(words)) return { heard: [] };
      const answer = await command(`status ${name}`);
      await command("telemetry");
      return answer;
    });
    return troubleOf(name, heard);
  }
  return {
    async ask(names, urgent) {
      const now = clock.now();
      for (const [name, { at }] of known) {
        if (now - at >= KEEP) known.delete(name);
      }
      const unknown = names.filter((name) => !known.has(name)).slice(0, MAX_ASKED);
      await Promise.all(unknown.map(async (name) => {
        // A failure here must not hide the answer that there is.
        const words = await listen(name, urgent).catch(() => undefined);
        known.set(name, { words, at: clock.now() });
      }));
      return new Map(names.flatMap((name) => {
        const words = known.get(name)?.words;
        return words === undefined ? [] : [[name, words] as const];
      }));
    },
  };
}

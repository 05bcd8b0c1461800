import type { Clock } from "../../src/clock.ts";
import type { Pool } from "./pool.ts";
import { troubleOf } from "./protocol.ts";

/** What a plug's device said is asked again after so many milliseconds. */
const KEEP = 60_000;
/** The most plugs that are asked about at a time, as each is a command of its own. */
const MAX_ASKED = 4;

/** Finds out why powermand can't say what the power of a plug is, which it does not tell by itself. */
export interface Diagnosis {
  /**
   * Asks for some of the names, those that have not been asked for longest; of the others it tells what is known from before.
   *
   * @returns By name: what its device said, where it said that something went wrong.
   */
  ask(names: readonly string[], urgent: boolean): Promise<ReadonlyMap<string, string>>;
}

/** Makes it: it has powermand show what devices say (telemetry) while it asks once more. */
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
        // What goes wrong here must not keep anybody from the answer that there is.
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

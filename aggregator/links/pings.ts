import type { Clock } from "../../src/clock.ts";

/** What was on its way before is no sign of life: so long it is let in first, in milliseconds. */
const SETTLE_MS = 500;
/** How often a child is asked, and how long each time it may take to answer, in milliseconds. */
const TIMES = 3;
const PATIENCE_MS = 1_000;
/** What has come while this program was held up is taken in before a child is silent, in milliseconds. */
const LAST_MS = 100;

/** Finds out whether children live that may be gone without a word, within four seconds. At most one look at a child at a time. */
export interface Pings {
  /** Looks at a child; while it is looked at this does nothing. @param onAnswer It has given a sign of life. */
  begin(child: string, onAnswer: () => void): void;
  /** Something was heard of a child. */
  heard(child: string): void;
  /** A child is not of interest any more. */
  end(child: string): void;
  stop(): void;
}

/**
 * See {@link Pings}.
 *
 * @param parts `send` asks a child for a sign of life; `silent` is told of one that gives none.
 */
export function createPings(
  parts: { readonly clock: Clock; send(child: string): void; silent(child: string): void },
): Pings {
  const looks = new Map<string, { asked: number; cancel: () => void; readonly onAnswer: () => void }>();

  function end(child: string): void {
    looks.get(child)?.cancel();
    looks.delete(child);
  }
  function ask(child: string): void {
    const look = looks.get(child);
    if (look === undefined) return;
    if (look.asked === TIMES) {
      look.cancel = parts.clock.after(LAST_MS, () => {
        looks.delete(child);
        parts.silent(child);
      });
      return;
    }
    look.asked++;
    look.cancel = parts.clock.after(PATIENCE_MS, () => ask(child));
    parts.send(child);
  }

  return {
    begin(child, onAnswer) {
      if (looks.has(child)) return;
      looks.set(child, { asked: 0, cancel: parts.clock.after(SETTLE_MS, () => ask(child)), onAnswer });
    },
    heard(child) {
      const look = looks.get(child);
      if (look === undefined || look.asked === 0) return;
      end(child);
      look.onAnswer();
    },
    end,
    stop() {
      for (const child of [...looks.keys()]) end(child);
    },
  };
}

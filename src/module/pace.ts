import type { Clock } from "../clock.ts";
import type { Value } from "../state/mod.ts";

/** Values of one module that are taken in a second, however many nodes it serves. */
const PER_SECOND = 1_000;
/** The same for each node that it serves. */
const PER_SECOND_AND_NODE = 4;
/** A module floods if it offers this many times as many values in a second as are taken. */
const FLOOD = 10;
/** It also floods if it offers more than are taken in each of so many seconds in a row. */
const FLOOD_SECONDS = 10;
/** The most URLs of one node that wait. A module that offers more floods. */
const MAX_WAITING_URLS = 1_000;
/** One second, in milliseconds. */
const WINDOW = 1_000;
/** The interval at which some of the waiting values are taken, in milliseconds. */
const SLICE = 50;

/** A limit on the rate at which values of nodes are taken. */
export interface Pace {
  /** Takes a value now, or later: the newest of each URL of each node waits. */
  say(node: string, url: string, value: Value | null): void;
  /** Ends its timers. With `take` the waiting values are taken first; otherwise they are dropped. */
  stop(take: boolean): void;
}

/**
 * Makes a pace that takes 1,000 values a second plus 4 for each node. Faster values wait, only the newest of each URL
 * of each node, so that the last value always arrives and the number of waiting ones is bounded by the number of
 * nodes. A module that offers ten times as many in a second, or too many in each of ten seconds, floods until it has
 * been quiet for a whole second; meanwhile its values are taken once a second.
 *
 * @param parts `clock` runs the timers. `nodes` counts the nodes that the module serves. `take` takes a value.
 * `changed` is called once when a flood begins and once when it has ended, with the number of values a second that are
 * taken.
 */
export function createPace(parts: {
  readonly clock: Clock;
  nodes(): number;
  take(node: string, url: string, value: Value | null): void;
  changed(flooded: boolean, perSecond: number): void;
}): Pace {
  const { clock } = parts;
  const waiting = new Map<string, Map<string, Value | null>>();
  let allowance = PER_SECOND;
  let said = 0;
  let taken = 0;
  let busySeconds = 0;
  let flooded = false;
  let stopped = false;
  let cancelWindow: (() => void) | undefined;
  let cancelSlice: (() => void) | undefined;

  function openWindow(): void {
    cancelWindow ??= clock.after(WINDOW, endWindow);
  }
  function endWindow(): void {
    cancelWindow = undefined;
    const isQuiet = said <= allowance;
    busySeconds = isQuiet ? 0 : busySeconds + 1;
    said = taken = 0;
    if (flooded) takeSome(allowance);
    if (flooded && isQuiet) {
      flooded = false;
      parts.changed(false, allowance);
    } else if (busySeconds >= FLOOD_SECONDS) flood();
    if (flooded || busySeconds > 0 || waiting.size > 0) openWindow();
    takeSoon();
  }
  function flood(): void {
    if (flooded) return;
    flooded = true;
    parts.changed(true, allowance);
  }
  function takeSoon(): void {
    if (flooded || waiting.size === 0) return;
    cancelSlice ??= clock.after(SLICE, () => {
      cancelSlice = undefined;
      takeSome(Math.min(allowance - taken, Math.ceil((allowance * SLICE) / WINDOW)));
      openWindow();
      takeSoon();
    });
  }
  function takeSome(most: number): void {
    let left = most;
    for (const [node, values] of waiting) {
      for (const [url, value] of values) {
        if (left <= 0) return;
        left--;
        taken++;
        values.delete(url);
        if (values.size === 0) waiting.delete(node);
        parts.take(node, url, value);
      }
    }
  }
  function wait(node: string, url: string, value: Value | null): void {
    let values = waiting.get(node);
    if (values === undefined) waiting.set(node, values = new Map());
    if (values.has(url) || values.size < MAX_WAITING_URLS) values.set(url, value);
    else flood();
    takeSoon();
  }

  return {
    say(node, url, value) {
      if (stopped) return;
      openWindow();
      said++;
      // To count nodes takes time: only when it matters.
      if (said === allowance + 1) allowance = PER_SECOND + PER_SECOND_AND_NODE * parts.nodes();
      if (said > FLOOD * allowance) flood();
      if (flooded || waiting.size > 0 || taken >= allowance) return wait(node, url, value);
      taken++;
      parts.take(node, url, value);
    },
    stop(take) {
      cancelWindow?.();
      cancelSlice?.();
      stopped = true;
      if (take) takeSome(Infinity);
      waiting.clear();
    },
  };
}

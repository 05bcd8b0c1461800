import type { Clock } from "../clock.ts";
import type { Value } from "../state/mod.ts";

/** Values of one module that are taken in a second, whatever it serves. */
const PER_SECOND = 1_000;
/** The same for each node that it serves. */
const PER_SECOND_AND_NODE = 4;
/** A module floods that has so many times as much to say as is taken in a second. */
const FLOOD = 10;
/** It floods too if it says more than is taken in each of so many seconds. */
const FLOOD_SECONDS = 10;
/** The most URLs of a node that wait; of a node that has more, the module floods. */
const MAX_WAITING_URLS = 1_000;
/** One second, in milliseconds. */
const WINDOW = 1_000;
/** How often some of what waits is taken, in milliseconds. */
const SLICE = 50;

/** What is said of nodes, taken no faster than it may come. */
export interface Pace {
  /** Takes a value now, or later: the newest of each URL of each node waits. */
  say(node: string, url: string, value: Value | null): void;
  /** Ends its timers. What waits is taken, unless it must not be. */
  stop(take: boolean): void;
}

/**
 * Makes a pace that takes 1,000 values a second and 4 for each node. What comes faster waits, the newest of each URL of each node,
 * so that what is said last is always taken and what waits is bounded by the number of nodes. Who says ten times as much in a
 * second, or too much for ten seconds, floods until it has been quiet for a whole second: what it says is then taken once a second.
 *
 * @param parts `take` takes a value in. `changed` is told once when a flood begins and once when it has ended; `nodes` is how many
 * nodes are served.
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

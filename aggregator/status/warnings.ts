import type { Clock } from "../../src/clock.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Events } from "../store/events.ts";

/** How long the link to the parent may be down before it is a warning, in milliseconds. */
const PATIENCE_MS = 60_000;

/** What a person should look at although the program can do all of its work, in words with what to do. */
export interface Warnings {
  /** All of them now; usually none. */
  list(): readonly string[];
  stop(): void;
}

/**
 * Creates the {@link Warnings}. A parent that stays away is an event, and so is its return.
 *
 * @param parts `name` of the aggregator's own node; `uplink`, the broker to the parent, whose loss is a trouble of its own; `more`
 * has the warnings of other parts of the program.
 */
export function createWarnings(
  parts: {
    readonly name: string;
    /** Whether this is the root, which has no parent. */
    readonly isRoot: boolean;
    readonly uplink: { readonly problem: string | undefined };
    readonly changes: Changes;
    readonly clock: Clock;
    readonly events: Pick<Events, "add">;
    more(): readonly string[];
  },
): Warnings {
  const { name, uplink, clock, events } = parts;
  let cancel: (() => void) | undefined;
  /** Since when the parent is away, ISO 8601; undefined while it is there. */
  let awaySince: string | undefined;

  function away(since: string): void {
    cancel = undefined;
    if (uplink.problem !== undefined) return; // that is said already, and ends with another change of the link
    awaySince = since;
    events.add({ node: name, kind: "parent", why: "its parent is not heard: this aggregator goes on by itself" });
  }
  function wait(): void {
    if (cancel !== undefined || awaySince !== undefined) return;
    const since = new Date(clock.wall()).toISOString();
    cancel = clock.after(PATIENCE_MS, () => away(since));
  }
  if (!parts.isRoot) wait();
  parts.changes.on("status", "warnings", ["UplinkChanged"], ({ state }) => {
    if (state === "down") return wait();
    cancel?.();
    cancel = undefined;
    if (awaySince === undefined || state !== "level") return;
    awaySince = undefined;
    events.add({ node: name, kind: "parent", why: "its parent is heard again" });
  });
  return {
    list: () => [
      ...(awaySince === undefined ? [] : [
        `The parent is not heard since ${awaySince}: see whether it runs, and whether /parent of this aggregator names it. ` +
        "Nodes here are looked after; changes of desired state do not arrive",
      ]),
      ...parts.more(),
    ],
    stop: () => cancel?.(),
  };
}

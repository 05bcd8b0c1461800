import type { Clock } from "../../src/clock.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Events } from "../store/events.ts";
import type { Standing } from "./may_act.ts";

/** How long a parent may be away before the children are sent to the standby, in milliseconds. */
const HAND_OVER = 15_000;
const ACTING: Standing = { kind: "acting" };
/** How often they are sent there again, in milliseconds: a standby that has not heard yet sends them back. */
const AGAIN = 60_000;

/**
 * Keeps an aggregator that has a standby from acting while it can't know whether it has been replaced. One without a
 * standby goes on by itself for as long as its parent is away.
 */
export interface Fence {
  /** True while nothing may be done to nodes, and nothing be concluded from their silence. */
  readonly isUp: boolean;
  readonly standing: Standing;
  /** The link to the parent, or the standby, may have changed. */
  changed(): void;
  stop(): void;
}

/**
 * Makes a fence. Posts `FenceChanged`, and `HandOverDue` when children are to be sent to the standby.
 *
 * @param parts `hasParent`: whether there is a parent that may be away; `standby`: who takes over, if anybody does.
 */
export function createFence(
  parts: {
    readonly name: string;
    readonly clock: Clock;
    readonly events: Events;
    readonly changes: Changes;
    readonly ownId: string;
    readonly hasParent: boolean;
    readonly standby: () => string | undefined;
  },
): Fence {
  const { changes } = parts;
  let isAlone = parts.hasParent;
  let isUp = false;
  let cancel: (() => void) | undefined;
  function handOver(): void {
    cancel = parts.clock.after(AGAIN, handOver);
    changes.post({ kind: "HandOverDue" });
  }
  function changed(): void {
    const standby = parts.standby();
    const now = standby !== undefined && isAlone;
    if (now === isUp) return;
    isUp = now;
    cancel?.();
    cancel = undefined;
    if (isUp) cancel = parts.clock.after(HAND_OVER, handOver);
    parts.events.add({
      node: parts.name,
      kind: isUp ? "fenced" : "unfenced",
      why: isUp
        ? `its parent is away, and '${standby}' may have taken its nodes over: does nothing to them until it is back`
        : "its parent is back: goes on",
    });
    changes.post({ kind: "FenceChanged", isUp });
  }
  changes.on("ownership", "fence", ["UplinkChanged"], ({ state }) => {
    isAlone = state !== "level";
    changed();
  });
  changes.on("ownership", "fence", ["CfgChanged"], ({ id, urls }) => {
    if (id === parts.ownId && urls.includes("/standby")) changed();
  });
  return {
    get isUp() {
      return isUp;
    },
    get standing(): Standing {
      const standby = isUp ? parts.standby() : undefined;
      return standby === undefined ? ACTING : { kind: "fenced", standby };
    },
    changed,
    stop: () => cancel?.(),
  };
}

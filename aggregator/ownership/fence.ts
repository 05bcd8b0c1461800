import type { Clock } from "../../src/clock.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Events } from "../store/events.ts";
import type { Standing } from "./may_act.ts";

/** How long the parent may be away before the children are sent to the standby, in milliseconds. */
const HAND_OVER = 15_000;
const ACTING: Standing = { kind: "acting" };
/** How often they are sent there again, in milliseconds: a standby that does not know them yet sends them back. */
const AGAIN = 60_000;

/**
 * Stops an aggregator that has a standby from acting while it cannot know whether it has been replaced. An aggregator
 * without a standby continues for as long as its parent is away.
 */
export interface Fence {
  /** True while the engine must not act on nodes or draw conclusions from their silence. */
  readonly isUp: boolean;
  readonly standing: Standing;
  /** Reports that the link to the parent, or the standby, may have changed. */
  changed(): void;
  stop(): void;
}

/**
 * Creates a fence. It posts `FenceChanged`, and `HandOverDue` when children must be sent to the standby.
 *
 * @param parts `hasParent`: whether there is a parent that may be away. `standby`: returns the name of the standby, if
 *   there is one.
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
        ? `its parent is away and '${standby}' may have taken over its nodes: it leaves them alone until the parent is back`
        : "its parent is back: it continues",
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

import type { UdpPeer } from "../udp.ts";

/** Limits on the number of transfers. */
export interface SlotLimits {
  /** Transfers whose client has answered. */
  readonly transfers: number;
  /** The number of those reserved for known machines. */
  readonly kept: number;
  /** Transfers of one address, answered or not. */
  readonly perClient: number;
  /** Transfers whose client has not answered yet: for known machines, and for others, each. */
  readonly halfOpen: number;
}

/** The slot of one transfer. */
export interface Slot {
  /** Reports that the client has answered, so that its address is real. @returns Whether there is room for it. */
  answered(): boolean;
  /** Reports that the transfer has ended. */
  leave(): void;
}

/**
 * The slots of transfers. Anyone can send a request with any source address, so a request gets no slot before its
 * client has answered. Until then later requests may displace it, oldest first, those of the same address before
 * others. Unknown machines displace no known machine.
 */
export interface Slots {
  /** @param pushOut Ends the transfer because another one has displaced it. @returns Undefined if there is no room. */
  enter(client: UdpPeer, isKnown: boolean, pushOut: () => void): Slot | undefined;
  /** Transfers, answered or not. */
  readonly size: number;
}

interface Waiting {
  readonly address: string;
  pushOut(): void;
}

/** Creates slots that are all free. */
export function createSlots({ transfers, kept, perClient, halfOpen }: SlotLimits): Slots {
  const waiting = { known: new Set<Waiting>(), strange: new Set<Waiting>() }; // oldest first
  const answered = new Map<string, number>(); // by address
  const counts = { known: 0, strange: 0 };

  function hasRoom(address: string, kind: keyof typeof counts): boolean {
    const all = counts.known + counts.strange < transfers;
    return all && (kind === "known" || counts.strange < transfers - kept) && (answered.get(address) ?? 0) < perClient;
  }
  function pushOut(pool: Set<Waiting>, oldest: Waiting | undefined): void {
    if (oldest === undefined) return;
    pool.delete(oldest);
    oldest.pushOut();
  }

  return {
    enter({ address }, isKnown, onPushedOut) {
      const kind = isKnown ? "known" : "strange";
      if (!hasRoom(address, kind)) return undefined;
      const pool = waiting[kind];
      const own = [...pool].filter((each) => each.address === address);
      if (own.length + (answered.get(address) ?? 0) >= perClient) pushOut(pool, own[0]);
      const [oldest] = pool;
      if (pool.size >= halfOpen) pushOut(pool, oldest);
      const self: Waiting = { address, pushOut: onPushedOut };
      pool.add(self);
      let isAnswered = false;
      return {
        answered() {
          if (isAnswered) return true;
          if (!pool.delete(self) || !hasRoom(address, kind)) return false;
          isAnswered = true;
          counts[kind]++;
          answered.set(address, (answered.get(address) ?? 0) + 1);
          return true;
        },
        leave() {
          pool.delete(self);
          if (!isAnswered) return;
          isAnswered = false;
          counts[kind]--;
          const left = (answered.get(address) ?? 1) - 1;
          if (left > 0) answered.set(address, left);
          else answered.delete(address);
        },
      };
    },
    get size() {
      return counts.known + counts.strange + waiting.known.size + waiting.strange.size;
    },
  };
}

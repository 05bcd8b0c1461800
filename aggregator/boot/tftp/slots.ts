import type { UdpPeer } from "../udp.ts";

/** How many transfers there may be at a time. */
export interface SlotLimits {
  /** Transfers whose client has answered. */
  readonly transfers: number;
  /** So many of those are kept for known machines. */
  readonly kept: number;
  /** Transfers of one address, answered or not. */
  readonly perClient: number;
  /** Transfers whose client has not answered yet, of known machines and of others: each. */
  readonly halfOpen: number;
}

/** The place of one transfer. */
export interface Slot {
  /** The client has answered: the address is its own. @returns Whether there is room for it. */
  answered(): boolean;
  /** The transfer has ended. */
  leave(): void;
}

/**
 * The places of transfers. Anybody can ask in the name of any address, so a request takes no place before its client has
 * answered what it was sent: until then it waits among those that the next ones push out, the oldest first, those of the same
 * address before others. UnknownMachines push out no known machine.
 */
export interface Slots {
  /** @param pushOut Ends the transfer as another one has taken its place. @returns Undefined where there is no room. */
  enter(client: UdpPeer, isKnown: boolean, pushOut: () => void): Slot | undefined;
  /** Transfers, answered or not. */
  readonly size: number;
}

interface Waiting {
  readonly address: string;
  pushOut(): void;
}

/** Makes places that are all free. */
export function createSlots({ transfers, kept, perClient, halfOpen }: SlotLimits): Slots {
  const waiting = { known: new Set<Waiting>(), strange: new Set<Waiting>() }; // the oldest first
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

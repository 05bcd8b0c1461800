import type { Clock } from "../../src/clock.ts";

/** The most machines that are remembered. Anybody on the network can make new ones up. */
export const MAX_STRANGERS = 512;
/** So many places at least are for machines that were seen once: one that is there asks again before others have taken its place. */
const FOR_NEW = MAX_STRANGERS / 2;
/** A machine that was not seen for so long is the first to be forgotten, in milliseconds. */
const STALE = 3_600_000;
/** The longest text of a machine about itself that is kept, in characters. */
const MAX_TEXT = 128;

/** What a machine that no node is known of said of itself, and what it asked for. */
export interface StrangerSight {
  /** Lower case, with colons. */
  readonly mac: string;
  /** In words, such as `dhcp discover` or `script`. */
  readonly asked: string;
  readonly vendorClass?: string;
  /** In words, such as `x86_64` or `bios`. */
  readonly arch?: string;
  readonly uuid?: string;
}

/** A machine that no node is known of. Times are milliseconds since 1970. */
export interface UnknownMachine extends StrangerSight {
  readonly first: number;
  readonly last: number;
  /** How often it was seen. */
  readonly count: number;
}

/**
 * The machines that boot servers have seen and that no node is known of. In memory: they ask again. Where there are too many,
 * those go that were not seen for an hour, and then those that were seen once, the oldest first: who invents machines pushes
 * out what was invented before. Of those that were seen more often the ones that came last go, once they have half of the places.
 */
export interface UnknownMachines {
  saw(sight: StrangerSight): void;
  find(mac: string): UnknownMachine | undefined;
  /** The newest first, without those that a node is known of by now. */
  list(): UnknownMachine[];
}

/** Makes an empty table. @param isKnown Whether a node is known of a machine. */
export function createUnknownMachines(clock: Clock, isKnown: (mac: string) => boolean): UnknownMachines {
  const unknownMachines = new Map<string, UnknownMachine>(); // the newest last
  return {
    saw(sight) {
      const { mac, asked } = sight;
      const before = unknownMachines.get(mac);
      const now = clock.wall();
      const about = { ...before, ...cut("vendorClass", sight), ...cut("arch", sight), ...cut("uuid", sight) };
      unknownMachines.delete(mac);
      unknownMachines.set(mac, {
        ...about,
        mac,
        asked: printable(asked),
        first: before?.first ?? now,
        last: now,
        count: (before?.count ?? 0) + 1,
      });
      if (unknownMachines.size > MAX_STRANGERS) {
        unknownMachines.delete(leastOf([...unknownMachines.values()].slice(0, -1), now).mac);
      }
    },
    find: (mac) => unknownMachines.get(mac),
    list: () => [...unknownMachines.values()].filter(({ mac }) => !isKnown(mac)).reverse(),
  };
}

/** The one that is to be forgotten of these, the oldest sight first. */
function leastOf(all: readonly UnknownMachine[], now: number): UnknownMachine {
  const [oldest] = all;
  const once = all.filter(({ count }) => count === 1);
  if (oldest === undefined) throw new RangeError("Expected at least one machine");
  if (now - oldest.last > STALE) return oldest;
  const [oldestOnce] = once;
  if (oldestOnce !== undefined && once.length >= FOR_NEW) return oldestOnce;
  return all.filter(({ count }) => count > 1).reduce((latest, each) => each.first >= latest.first ? each : latest);
}

function cut<K extends "vendorClass" | "arch" | "uuid">(
  key: K,
  sight: StrangerSight,
): { readonly [key in K]?: string } {
  const text = printable(sight[key] ?? "");
  return text === "" ? {} : { [key]: text } as { readonly [key in K]: string }; // a computed key has lost its name
}

/** What machines say ends up on terminals. */
function printable(text: string): string {
  return text.slice(0, MAX_TEXT).replace(/[^\x20-\x7e]/g, "?");
}

import type { Clock } from "../../src/clock.ts";

/** The largest number of machines to remember. Anyone on the network can invent them. */
export const MAX_UNKNOWN_MACHINES = 512;
/**
 * The number of places reserved for machines that were seen once: a real one asks again before others have taken its
 * place.
 */
const FOR_NEW = MAX_UNKNOWN_MACHINES / 2;
/** A machine that was not seen for this long is the first to be forgotten, in milliseconds. */
const STALE = 3_600_000;
/** The longest text of a machine to keep, in characters. */
const MAX_TEXT = 128;

/** What an unknown machine sent about itself, and what it asked for. */
export interface MachineSighting {
  /** Lower case, with colons. */
  readonly mac: string;
  /** In words, such as `dhcp discover` or `script`. */
  readonly asked: string;
  readonly vendorClass?: string;
  /** In words, such as `x86_64` or `bios`. */
  readonly arch?: string;
  readonly uuid?: string;
}

/** A machine that belongs to no node. Times are milliseconds since 1970. */
export interface UnknownMachine extends MachineSighting {
  readonly first: number;
  readonly last: number;
  /** How often it was seen. */
  readonly count: number;
}

/**
 * The machines that boot servers have seen and that belong to no node. They are kept in memory, because machines ask
 * again. When there are too many, machines not seen for an hour are forgotten first, then those seen once, oldest
 * first, so that invented machines displace only each other. Machines seen more often are forgotten, latest first, only
 * when they occupy half of the places.
 */
export interface UnknownMachines {
  saw(sight: MachineSighting): void;
  find(mac: string): UnknownMachine | undefined;
  /** Lists the machines, newest first, without those that belong to a node by now. */
  list(): UnknownMachine[];
}

/** Creates an empty table, which uses `clock`. @param isKnown Tells whether a machine belongs to a node. */
export function createUnknownMachines(clock: Clock, isKnown: (mac: string) => boolean): UnknownMachines {
  const unknownMachines = new Map<string, UnknownMachine>(); // newest last
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
      if (unknownMachines.size > MAX_UNKNOWN_MACHINES) {
        unknownMachines.delete(leastOf([...unknownMachines.values()].slice(0, -1), now).mac);
      }
    },
    find: (mac) => unknownMachines.get(mac),
    list: () => [...unknownMachines.values()].filter(({ mac }) => !isKnown(mac)).reverse(),
  };
}

/** Selects the machine to forget; oldest sight first. */
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
  sight: MachineSighting,
): { readonly [key in K]?: string } {
  const text = printable(sight[key] ?? "");
  return text === "" ? {} : { [key]: text } as { readonly [key in K]: string }; // TypeScript loses the name of a computed key
}

/** Texts of machines are shown on terminals. */
function printable(text: string): string {
  return text.slice(0, MAX_TEXT).replace(/[^\x20-\x7e]/g, "?");
}

/** What boot services know about the network on which machines boot. */
export interface BootNetwork {
  readonly unknownMachines: UnknownMachines;
  /** The aggregator's own address there. */
  readonly address: string;
  /** The network, such as 10.77.0.0/24, if Kraken assigns addresses there. */
  readonly subnet: string | undefined;
}

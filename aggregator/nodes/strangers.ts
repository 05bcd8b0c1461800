import type { Clock } from "../../src/clock.ts";

/** The most machines that are remembered: the newest ones. Anybody on the network can make new ones up. */
export const MAX_STRANGERS = 512;
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
export interface Stranger extends StrangerSight {
  readonly first: number;
  readonly last: number;
  /** How often it was seen. */
  readonly count: number;
}

/** The machines that boot servers have seen and that no node is known of. In memory: they ask again. */
export interface Strangers {
  saw(sight: StrangerSight): void;
  find(mac: string): Stranger | undefined;
  /** The newest first, without those that a node is known of by now. */
  list(): Stranger[];
}

/** Makes an empty table. @param isKnown Whether a node is known of a machine. */
export function createStrangers(clock: Clock, isKnown: (mac: string) => boolean): Strangers {
  const strangers = new Map<string, Stranger>(); // the newest last
  return {
    saw(sight) {
      const { mac, asked } = sight;
      const before = strangers.get(mac);
      const now = clock.wall();
      const about = { ...before, ...cut("vendorClass", sight), ...cut("arch", sight), ...cut("uuid", sight) };
      strangers.delete(mac);
      strangers.set(mac, {
        ...about,
        mac,
        asked: printable(asked),
        first: before?.first ?? now,
        last: now,
        count: (before?.count ?? 0) + 1,
      });
      for (const oldest of strangers.keys()) {
        if (strangers.size <= MAX_STRANGERS) break;
        strangers.delete(oldest);
      }
    },
    find: (mac) => strangers.get(mac),
    list: () => [...strangers.values()].filter(({ mac }) => !isKnown(mac)).reverse(),
  };
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

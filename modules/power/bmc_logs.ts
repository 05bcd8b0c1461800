import type { Clock } from "../../src/clock.ts";
import { MistakeError, UnavailableError } from "../../src/module/mod.ts";
import { durationText, errorText, within } from "../../src/toolkit/mod.ts";
import type { Ask } from "./driver.ts";
import { createConcurrency } from "./limit.ts";
import { cleanWords, type LogEntry } from "./log_entry.ts";

/** The largest number of logs to read at a time: each may take many requests. */
const MAX_READS = 8;
/** The longest that one read may take once it has begun, in milliseconds. */
const READ_LIMIT = 55_000;
/** The longest reason, in characters. */
const MAX_WHY = 400;

/** Reads the newest entries of a node's controller, newest first. @returns Undefined if it has no log. */
export type ReadLog = (nodeId: string, count: number, ask: Ask) => Promise<readonly LogEntry[] | undefined>;

/**
 * The result of reading a log. `none`: there is no log to read; `mistake`: the node's settings cannot be right; `silent`: the
 * controller does not answer, or not with a log.
 */
export type LogAnswer =
  | { readonly ok: true; readonly entries: readonly LogEntry[] }
  | { readonly ok: false; readonly kind: "none" | "mistake" | "silent"; readonly why: string };

/** The event logs of the controllers of an aggregator's nodes. They are read on request, and not kept. */
export interface BmcLogs {
  /** Registers `read` for the nodes of a platform. @returns A function that ends that. */
  offer(platform: string, read: ReadLog): () => void;
  /** Reads the newest `count` entries, newest first. Never rejects. */
  read(
    node: { readonly id: string; readonly name: string; readonly platform: unknown },
    count: number,
    signal: AbortSignal,
  ): Promise<LogAnswer>;
}

/** Makes the access to event logs. At most 8 reads run at a time, each for at most 55 s by `clock`. */
export function createBmcLogs(clock: Clock): BmcLogs {
  const readers = new Map<string, ReadLog>();
  const limit = createConcurrency(MAX_READS);
  return {
    offer(platform, read) {
      readers.set(platform, read);
      return () => {
        if (readers.get(platform) === read) readers.delete(platform);
      };
    },
    async read({ id, name, platform }, count, signal) {
      if (typeof platform !== "string") {
        return { ok: false, kind: "none", why: `'${name}' has no controller: it has no /platform` };
      }
      const read = readers.get(platform);
      if (read === undefined) {
        const known = [...readers.keys()].join(", ");
        const why = `'${name}' has no event log that can be read: its /platform is '${platform}', and only those of ` +
          `${known === "" ? "no platform" : known} have one here`;
        return { ok: false, kind: "none", why };
      }
      const late = `the event log was not read within ${durationText(READ_LIMIT)}`;
      try {
        const entries = await within({ clock, ms: READ_LIMIT, late, signal }, (bounded) => {
          const ask = { signal: bounded, urgent: false };
          return limit.run(() => read(id, count, ask), ask);
        });
        if (entries !== undefined) return { ok: true, entries };
        return { ok: false, kind: "none", why: `The controller of '${name}' has no event log` };
      } catch (error) {
        const said = cleanWords(errorText(error), MAX_WHY) ?? "no reason given";
        const why = `Cannot read the event log of '${name}': ${said}`;
        const isMistake = !(error instanceof UnavailableError) && error instanceof MistakeError;
        return { ok: false, kind: isMistake ? "mistake" : "silent", why };
      }
    },
  };
}

import { cleanEntry, type LogEntry } from "../power/mod.ts";

/** The largest number of entries to request: ipmitool's output is limited. */
const MAX_ENTRIES = 100;

/** Get SDR Repository Info (IPMI 2.0, 33.9). */
export const SENSOR_RECORDS = ["sdr", "info"] as const;

/**
 * Tells from `stdout` whether there are records of sensors, which `sel elist` needs: ipmitool clears and refills a
 * repository that has none, which a reader must not do.
 */
export function hasSensorRecords(stdout: string): boolean {
  return Number(/^Record Count\s*:\s*(\d{1,6})\s*$/im.exec(stdout)?.[1] ?? 0) > 0;
}

/**
 * Returns the arguments of ipmitool for the newest entries of the System Event Log (IPMI 2.0, 31).
 *
 * @param list `elist` names sensors: see {@link hasSensorRecords}.
 * @param count Number of entries.
 */
export function selCommand(list: "elist" | "list", count: number): readonly string[] {
  return ["sel", list, "last", String(Math.min(count, MAX_ENTRIES))];
}

/**
 * Parses `stdout` of `ipmitool sel elist`, oldest entry first: `1 | 12/01/2026 | 03:05:00 UTC | Fan 1 | Lower Critical
 * going low | Asserted`.
 *
 * @returns Its entries, newest first. Other lines are left out.
 */
export function parseSel(stdout: string): readonly LogEntry[] {
  const entries = stdout.split(/\r?\n/).map(parseLine).filter((entry) => entry !== undefined);
  return entries.slice(-MAX_ENTRIES).reverse();
}

function parseLine(line: string): LogEntry | undefined {
  const [id = "", ...rest] = line.slice(0, 2_000).split("|").map((part) => part.trim());
  if (!/^[0-9a-f]{1,4}$/i.test(id) || rest.length < 2) return undefined;
  const { time, words } = splitTime(rest);
  const shown = words.filter((part) => part !== "");
  return cleanEntry({ id, log: "SEL", time, severity: undefined, message: shown.join(" | ") });
}

/** An entry has a date and a time, unless it was written before the controller knew the time. */
function splitTime(parts: readonly string[]): { readonly time: string | undefined; readonly words: readonly string[] } {
  const [first = "", second = "", ...words] = parts;
  if (/^pre-init$/i.test(first)) return { time: undefined, words };
  const date = /^(\d\d)\/(\d\d)\/(\d{4}|\d\d)$/.exec(first);
  const clock = /^(\d\d:\d\d:\d\d)(?: (UTC|GMT))?$/.exec(second);
  if (date === null || clock === null) return { time: undefined, words: parts };
  const [, month = "", day = "", year = ""] = date;
  const [, at = "", zone] = clock;
  return { time: `${year.padStart(4, "20")}-${month}-${day}T${at}${zone === undefined ? "" : "Z"}`, words };
}

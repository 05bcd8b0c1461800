import type { Value, Values } from "../state/mod.ts";
import { type BootPhase, type BootSight, phaseAfter, readPhase } from "./phase.ts";

/** Progress is reported in steps of this many percent. */
const STEP = 5;

/** What is known about one machine's boot. The functions here change it in place. */
export interface BootRecord {
  phase: BootPhase;
  /** The last reported share of kernel and initramfs. */
  percent: number;
  /** The last known `/physState`. */
  power: Value | undefined;
  /** Whether its agent was heard, as last known. */
  up: boolean;
  /** Whether it has requested an address to boot with since its agent was first heard. */
  asked: boolean;
  /** The address that it declined last, and when, in clock milliseconds; undefined once it has made progress. */
  declined: { readonly address: string; readonly at: number } | undefined;
}

/** A discovered value of a node; null: it can no longer be known. */
export type BootStatement = readonly [url: string, value: Value | null];

/** The variables of a boot method: `/pxe/state` and `/pxe/progress`, or those of `/rpi`. */
export type BootGroup = "pxe" | "rpi";

/**
 * Creates the record of a node at its first look.
 *
 * @param view The node's values.
 * @param group The boot method.
 */
export function beginRecord(view: Values, group: BootGroup): BootRecord {
  const phase = readPhase(view.get(`/${group}/state`));
  return { phase, percent: 0, power: view.get("/physState"), up: isHeard(view), asked: false, declined: undefined };
}

/** Tells from `view` whether a node's agent is heard now. */
export function isHeard(view: Values): boolean {
  return view.get("/link") === "UP";
}

/**
 * Tells whether a machine runs what it booted: its agent has joined and is not given up, whether it is heard or not,
 * and the machine has not requested an address to boot with since.
 *
 * @param record The record; undefined if there is none.
 * @param view The node's values.
 */
export function isBooted(record: BootRecord | undefined, view: Values): boolean {
  const runState = view.get("/runState");
  return (runState === "SYNC" || runState === "INIT") && record?.asked !== true;
}

/**
 * Updates `record` from `view`, a node's values. @returns Whether its machine was switched off: what it got for this
 * boot becomes invalid.
 */
export function followNode(record: BootRecord, view: Values): boolean {
  if (isHeard(view) !== record.up) {
    record.up = !record.up;
    if (record.up) record.asked = false;
  }
  const power = view.get("/physState");
  if (power === record.power) return false;
  record.power = power;
  // What it does before the power is known to be on belongs to the next power-on.
  if (power === "POWER_OFF" || power === "PHYS_HANG") {
    Object.assign(record, { phase: "NONE", percent: 0, declined: undefined });
  }
  return power === "POWER_OFF";
}

/**
 * Lists the values in `record` that `view` does not have yet. For a machine that is not known to be on, there are none
 * until it is.
 *
 * @param group The boot method.
 */
export function statementsOf(record: BootRecord, view: Values, group: BootGroup): BootStatement[] {
  const { phase } = record;
  if (view.get("/physState") !== "POWER_ON" || readPhase(view.get(`/${group}/state`)) === phase) return [];
  const isBooting = phase === "DHCP" || phase === "LOADING";
  return [
    [`/${group}/state`, phase],
    ...(isBooting && view.has("/runState") ? [["/runState", null]] as const : []), // its agent has gone
    ...(phase === "LOADING" ? [[`/${group}/progress`, 0]] as const : []),
  ];
}

/** How long a declined address holds up its machine, in milliseconds: a machine that is there asks again sooner. */
const DECLINED = 300_000;

/**
 * Returns why a machine does not accept its configured `address`, in words; undefined if nothing is known against it.
 *
 * @param now Clock milliseconds.
 */
export function declinedFault({ declined }: BootRecord, address: string | undefined, now: number): string | undefined {
  if (declined === undefined || declined.address !== address || now - declined.at >= DECLINED) return undefined;
  return `another machine has its address ${address}: it found that one, and declined the address`;
}

/**
 * Updates `record` with what was seen of a machine.
 *
 * @param view The node's values.
 * @param group The boot method.
 * @param sight What was seen.
 * @param now Clock milliseconds.
 * @returns The values to report now.
 */
export function followSight(
  record: BootRecord,
  view: Values,
  group: BootGroup,
  sight: BootSight,
  now: number,
): readonly BootStatement[] {
  if (sight.kind === "address") record.asked = true;
  if (sight.kind === "enrolled" || sight.kind === "alive") record.asked = false;
  if (isHeard(view)) return []; // whatever was sent in its name: a machine with a running agent does not boot
  if (sight.kind === "declined") record.declined = { address: sight.address, at: now };
  else if (sight.kind !== "address") record.declined = undefined;
  record.phase = phaseAfter(record.phase, sight);
  if (sight.kind === "script") record.percent = 0;
  const statements = statementsOf(record, view, group);
  if (sight.kind !== "progress" || readPhase(view.get(`/${group}/state`)) !== "LOADING") return statements;
  const percent = Math.min(100, Math.floor(sight.percent / STEP) * STEP);
  if (percent <= record.percent) return statements;
  record.percent = percent;
  return [...statements, [`/${group}/progress`, percent]];
}

import type { Value, Values } from "../state/mod.ts";
import { type BootPhase, type BootSight, phaseAfter, readPhase } from "./phase.ts";

/** Progress is told in steps of so many percent. */
const STEP = 5;

/** What is known of one machine's boot. The functions here change it in place. */
export interface BootRecord {
  phase: BootPhase;
  /** How much of kernel and initramfs it has, as last told. */
  percent: number;
  /** `/physState`, as last seen. */
  power: Value | undefined;
  /** Its agent is heard, as last seen. */
  up: boolean;
  /** It has asked for an address to boot with since its agent was first heard. */
  asked: boolean;
  /** The address that it declined last, and when, in clock milliseconds; undefined once it has got further. */
  declined: { readonly address: string; readonly at: number } | undefined;
}

/** Something to be discovered of a node; null: it can't be known any more. */
export type BootStatement = readonly [url: string, value: Value | null];

/** The variables that a way to boot is told in: `/pxe/state` and `/pxe/progress`, or those of `/rpi`. */
export type BootGroup = "pxe" | "rpi";

/** Begins with a node as it is seen first. */
export function beginRecord(view: Values, group: BootGroup): BootRecord {
  const phase = readPhase(view.get(`/${group}/state`));
  return { phase, percent: 0, power: view.get("/physState"), up: isHeard(view), asked: false, declined: undefined };
}

/** Whether a node's agent is heard at this moment. */
export function isHeard(view: Values): boolean {
  return view.get("/link") === "UP";
}

/**
 * Whether a machine runs what it booted, as far as is known: its agent has joined and is not given up, heard or not, and the
 * machine has not asked for an address to boot with since.
 */
export function isRunning(record: BootRecord | undefined, view: Values): boolean {
  const runState = view.get("/runState");
  return (runState === "SYNC" || runState === "INIT") && record?.asked !== true;
}

/** Takes a node as it is now. @returns Whether its machine was switched off: what it was given for this boot is void. */
export function followNode(record: BootRecord, view: Values): boolean {
  if (isHeard(view) !== record.up) {
    record.up = !record.up;
    if (record.up) record.asked = false;
  }
  const power = view.get("/physState");
  if (power === record.power) return false;
  record.power = power;
  // What it does while nobody has said yet that it is on counts for the power to come.
  if (power === "POWER_OFF" || power === "PHYS_HANG") {
    Object.assign(record, { phase: "NONE", percent: 0, declined: undefined });
  }
  return power === "POWER_OFF";
}

/** What a record says that the view does not yet: of a machine that is not known to be on, nothing until it is. */
export function statementsOf(record: BootRecord, view: Values, group: BootGroup): BootStatement[] {
  const { phase } = record;
  if (view.get("/physState") !== "POWER_ON" || readPhase(view.get(`/${group}/state`)) === phase) return [];
  const isBooting = phase === "DHCP" || phase === "LOADING";
  return [
    [`/${group}/state`, phase],
    ...(isBooting && view.has("/runState") ? [["/runState", null]] as const : []), // its agent is gone for good
    ...(phase === "LOADING" ? [[`/${group}/progress`, 0]] as const : []),
  ];
}

/** How long a machine that declined its address is held for that, in milliseconds: one that is there asks again sooner. */
const DECLINED = 300_000;

/** Why a machine does not take the address that its cfg has, in words; undefined: nothing is known against it. */
export function declinedFault({ declined }: BootRecord, address: string | undefined, now: number): string | undefined {
  if (declined === undefined || declined.address !== address || now - declined.at >= DECLINED) return undefined;
  return `another machine has its address ${address}: it found that one, and declined the address`;
}

/** Takes what was seen of a machine. @param now In clock milliseconds. @returns What is to be told of it now. */
export function followSight(
  record: BootRecord,
  view: Values,
  group: BootGroup,
  sight: BootSight,
  now: number,
): readonly BootStatement[] {
  if (sight.kind === "address") record.asked = true;
  if (sight.kind === "enrolled" || sight.kind === "alive") record.asked = false;
  if (isHeard(view)) return []; // whoever says so: what runs an agent does not boot
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

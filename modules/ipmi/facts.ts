import type { Clock } from "../../src/clock.ts";
import type { Ask, MachineFacts } from "../power/mod.ts";
import { CHASSIS_STATUS, parseChassisStatus } from "./chassis.ts";

/** How long facts about a machine stay valid, in milliseconds: each request takes a process. */
const FACTS_REST = 600_000;

const MC_INFO = ["mc", "info"] as const;

/** Runs ipmitool for a fact. @returns Its output; undefined if the controller refused or did not answer. */
export type AskFact = (words: readonly string[]) => Promise<string | undefined>;

/** What controllers report about their machines besides the power, read rarely. */
export interface IpmiFacts {
  /**
   * Reads the facts when that is due; never for urgent requests.
   *
   * @param place The controller's address: nothing is known of another one.
   * @returns Undefined while nothing is known. The identify LED is only included if it was read just now.
   */
  of(nodeId: string, place: string, ask: Ask, fact: AskFact): Promise<MachineFacts | undefined>;
  forget(nodeId: string): void;
}

interface Known {
  readonly place: string;
  readonly at: number;
  readonly machine: MachineFacts | undefined;
}

/** Creates the memory of a module, which uses `clock`. */
export function createIpmiFacts(clock: Clock): IpmiFacts {
  const known = new Map<string, Known>();
  return {
    async of(nodeId, place, { signal, urgent }, fact) {
      const found = known.get(nodeId);
      const before = found?.place === place ? found : undefined;
      const isDue = before === undefined || clock.now() - before.at >= FACTS_REST;
      if (urgent || !isDue) return before?.machine;
      const chassis = parseChassisStatus(await fact(CHASSIS_STATUS) ?? "");
      const firmware = parseFirmware(await fact(MC_INFO) ?? "");
      signal.throwIfAborted();
      const { health = before?.machine?.health, led } = chassis ?? {};
      const version = firmware ?? before?.machine?.firmware;
      const machine = {
        ...(health !== undefined && { health }),
        ...(version !== undefined && { firmware: version }),
      };
      const isKnown = Object.keys(machine).length > 0;
      known.set(nodeId, { place, at: clock.now(), machine: isKnown ? machine : undefined });
      return isKnown ? { ...machine, ...(led !== undefined && { led }) } : undefined;
    },
    forget: (nodeId) => void known.delete(nodeId),
  };
}

/**
 * Parses the version of the controller's own firmware from `stdout` of `ipmitool mc info` (Get Device ID, IPMI 2.0,
 * 20.1), such as `BMC 9.08`.
 */
export function parseFirmware(stdout: string): string | undefined {
  const version = /^Firmware Revision\s*:\s*(\S{1,32})\s*$/im.exec(stdout)?.[1]?.replace(/[^\x21-\x7e]/g, "?");
  return version === undefined ? undefined : `BMC ${version}`;
}

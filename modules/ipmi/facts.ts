import type { Clock } from "../../src/clock.ts";
import type { Ask, MachineFacts } from "../power/mod.ts";
import { CHASSIS_STATUS, parseChassisStatus } from "./chassis.ts";

/** How long what a controller says of its machine holds, in milliseconds: each question is a process. */
const FACTS_REST = 600_000;

const MC_INFO = ["mc", "info"] as const;

/** Asks a controller. @returns What ipmitool printed; undefined where the controller said no, or nothing. */
export type AskFact = (words: readonly string[]) => Promise<string | undefined>;

/** What controllers say of their machines beside the power, asked seldom. */
export interface Facts {
  /**
   * Asks, when that is due; never for what somebody waits for.
   *
   * @param place Where the controller is: of another one nothing is known.
   * @returns Undefined while nothing is known. The identify LED is in it only when it was read just now.
   */
  of(nodeId: string, place: string, ask: Ask, fact: AskFact): Promise<MachineFacts | undefined>;
  forget(nodeId: string): void;
}

interface Known {
  readonly place: string;
  readonly at: number;
  readonly machine: MachineFacts | undefined;
}

/** Makes the memory of a module. */
export function createFacts(clock: Clock): Facts {
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

/** The version of the controller's own firmware in what `ipmitool mc info` says (Get Device ID, IPMI 2.0, 20.1), such as `BMC 9.08`. */
export function parseFirmware(stdout: string): string | undefined {
  const version = /^Firmware Revision\s*:\s*(\S{1,32})\s*$/im.exec(stdout)?.[1]?.replace(/[^\x21-\x7e]/g, "?");
  return version === undefined ? undefined : `BMC ${version}`;
}

import type { Led, MachineFacts } from "../power/mod.ts";

/** Get Chassis Status (IPMI 2.0, 28.2): `ipmitool chassis status` omits the state of the identify LED. */
export const CHASSIS_STATUS = ["raw", "0x00", "0x01"] as const;

/**
 * Returns the arguments of ipmitool that set the identify LED to `led` (Chassis Identify, IPMI 2.0, 28.5). It cannot
 * blink.
 */
export function identifyCommand(led: Exclude<Led, "BLINKING">): readonly string[] {
  return ["chassis", "identify", led === "ON" ? "force" : "0"];
}

/**
 * Parses the answer in `stdout`, three or four bytes in hexadecimal.
 *
 * @returns The health, and the identify LED if the controller reports it; undefined for anything else.
 */
export function parseChassisStatus(stdout: string): Pick<MachineFacts, "health" | "led"> | undefined {
  const text = stdout.trim();
  if (!/^[0-9a-f]{2}(\s+[0-9a-f]{2}){2,3}$/i.test(text)) return undefined;
  const [power = 0, , misc = 0] = text.split(/\s+/).map((byte) => parseInt(byte, 16));
  const isCritical = (power & 0b0001_1010) !== 0; // power overload, power fault, power control fault
  const isWarning = (misc & 0b0000_1100) !== 0; // drive fault, cooling or fan fault
  const tellsLed = (misc & 0b0100_0000) !== 0;
  return {
    health: isCritical ? "Critical" : isWarning ? "Warning" : "OK",
    ...(tellsLed && { led: (misc & 0b0011_0000) === 0 ? "OFF" : "ON" }),
  };
}

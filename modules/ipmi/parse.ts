import type { Power } from "../power/mod.ts";

/** The longest part of ipmitool's words that is passed on, in characters. */
const MAX_WORDS = 200;

/** What `ipmitool chassis power status` says; undefined when it is something else. */
export function parsePowerStatus(stdout: string): Power | undefined {
  const found = /^Chassis Power is (on|off)\s*$/im.exec(stdout)?.[1]?.toLowerCase();
  return found === "on" || found === "off" ? found : undefined;
}

/** How ipmitool failed. */
export interface Failure {
  /** In its own words, as one line. */
  readonly words: string;
  /** `suite`: the controller does not know the cipher suite; `silent`: no session came about; `refused`: it answered no. */
  readonly kind: "suite" | "silent" | "refused";
}

/** Reads what a failed ipmitool has said. */
export function parseFailure(stdout: string, stderr: string): Failure {
  const lines = `${stderr}\n${stdout}`.split(/[\r\n]+/).map((line) => line.trim()).filter((line) => line !== "");
  // deno-lint-ignore no-control-regex
  const words = lines.slice(0, 3).join("; ").replace(/[\x00-\x1f\x7f]/g, "?").slice(0, MAX_WORDS);
  const said = words === "" ? "it said nothing" : words;
  if (/invalid (authentication|integrity|confidentiality) algorithm|no cipher suite|cipher suite/i.test(said)) {
    return { words: said, kind: "suite" };
  }
  const silent = /unable to establish|unable to open|no response|timeout|could not open|address lookup|RAKP/i.test(
    said,
  );
  return { words: said, kind: silent ? "silent" : "refused" };
}

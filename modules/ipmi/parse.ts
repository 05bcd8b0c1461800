import type { Power } from "../power/mod.ts";

/** The longest quotation of ipmitool's output, in characters. */
const MAX_WORDS = 200;

/** Parses `stdout` of `ipmitool chassis power status`; undefined for anything else. */
export function parsePowerStatus(stdout: string): Power | undefined {
  if (/^Chassis Power is on\s*$/im.test(stdout)) return "on";
  return /^Chassis Power is off\s*$/im.test(stdout) ? "off" : undefined;
}

/** How ipmitool failed. */
export interface IpmiFailure {
  /** Its own words, in one line. */
  readonly words: string;
  /**
   * `suite`: the controller answered, but began no session with this cipher suite (or privilege); `credentials`: nor
   * with this user, password or Kg; `silent`: no answer; `later`: not possible now; `refused`: refused.
   */
  readonly kind: "suite" | "credentials" | "silent" | "later" | "refused";
}

/** Output of ipmitool at each start (`-v`), whatever happens then. */
const NOISE = /^(Loading IANA|Running Get |Discovered IPMB|Invalid completion code received|Using best|Get HPM\.x)/;

/**
 * The meaning of its output, the first match counts. Terms of IPMI 2.0 (13.18 to 13.24, 5.2) as ipmitool writes them.
 */
const KINDS: readonly (readonly [RegExp, IpmiFailure["kind"]])[] = [
  // All sessions are in use: that says nothing about user and password, nor about the cipher suite.
  [/no (session )?slot available|insufficient resources/i, "later"],
  [/RAKP 2 HMAC is invalid|RAKP 4 message has invalid|unauthorized name|invalid user ?name/i, "credentials"],
  [/Activate Session (command failed|error)|password is longer|password invalid/i, "credentials"],
  [
    /invalid (authentication|integrity|confidentiality) algorithm|cipher suite|invalid role|illegal parameter/i,
    "suite",
  ],
  [/RAKP \d message|open session response message/i, "suite"],
  [/Get Auth Capabilities error|address lookup|could not open|unable to open|no response/i, "silent"],
  // It reported its capabilities and then nothing: some controllers do not say that they do not know a suite.
  [/unable to establish IPMI v2/i, "suite"],
  [/unable to establish|session timeout/i, "silent"],
  [
    /node busy|timeout|out of space|initialization in progress|not supported in present state/i,
    "later",
  ],
];

/** Parses the output `stdout` and `stderr` of a failed ipmitool. */
export function parseFailure(stdout: string, stderr: string): IpmiFailure {
  const lines = `${stderr}\n${stdout}`.split(/[\r\n]+/).map((line) => line.trim())
    .filter((line) => line !== "" && !NOISE.test(line));
  // deno-lint-ignore no-control-regex
  const words = lines.slice(0, 3).join("; ").replace(/[\x00-\x1f\x7f]/g, "?").slice(0, MAX_WORDS);
  if (words === "") return { words: "it said nothing", kind: "silent" };
  return { words, kind: KINDS.find(([pattern]) => pattern.test(words))?.[1] ?? "refused" };
}

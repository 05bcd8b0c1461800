import type { Power } from "../power/mod.ts";

/** The longest part of ipmitool's words that is passed on, in characters. */
const MAX_WORDS = 200;

/** What `ipmitool chassis power status` says; undefined when it is something else. */
export function parsePowerStatus(stdout: string): Power | undefined {
  if (/^Chassis Power is on\s*$/im.test(stdout)) return "on";
  return /^Chassis Power is off\s*$/im.test(stdout) ? "off" : undefined;
}

/** How ipmitool failed. */
export interface Failure {
  /** In its own words, as one line. */
  readonly words: string;
  /**
   * `suite`: the controller answered, and began no session with this cipher suite (or privilege); `credentials`: nor with this user,
   * password or Kg; `silent`: it did not answer; `later`: it can't now; `refused`: it said no.
   */
  readonly kind: "suite" | "credentials" | "silent" | "later" | "refused";
}

/** What ipmitool says at each start (`-v`), whatever happens then. */
const NOISE = /^(Loading IANA|Running Get |Discovered IPMB|Invalid completion code received|Using best|Get HPM\.x)/;

/** What it says, the first that fits. Words of IPMI 2.0 (13.18 to 13.24, 5.2) as ipmitool has them. */
const KINDS: readonly (readonly [RegExp, Failure["kind"]])[] = [
  // All its sessions are in use: that says nothing of user and password, nor of the cipher suite.
  [/no (session )?slot available|insufficient resources/i, "later"],
  [/RAKP 2 HMAC is invalid|RAKP 4 message has invalid|unauthorized name|invalid user ?name/i, "credentials"],
  [/Activate Session (command failed|error)|password is longer|password invalid/i, "credentials"],
  [
    /invalid (authentication|integrity|confidentiality) algorithm|cipher suite|invalid role|illegal parameter/i,
    "suite",
  ],
  [/RAKP \d message|open session response message/i, "suite"],
  [/Get Auth Capabilities error|address lookup|could not open|unable to open|no response/i, "silent"],
  // It has told what it can do, and then no more: some leave out to say that they do not know a suite.
  [/unable to establish IPMI v2/i, "suite"],
  [/unable to establish|session timeout/i, "silent"],
  [
    /node busy|timeout|out of space|initialization in progress|not supported in present state/i,
    "later",
  ],
];

/** Reads what a failed ipmitool has said. */
export function parseFailure(stdout: string, stderr: string): Failure {
  const lines = `${stderr}\n${stdout}`.split(/[\r\n]+/).map((line) => line.trim())
    .filter((line) => line !== "" && !NOISE.test(line));
  // deno-lint-ignore no-control-regex
  const words = lines.slice(0, 3).join("; ").replace(/[\x00-\x1f\x7f]/g, "?").slice(0, MAX_WORDS);
  if (words === "") return { words: "it said nothing", kind: "silent" };
  return { words, kind: KINDS.find(([pattern]) => pattern.test(words))?.[1] ?? "refused" };
}

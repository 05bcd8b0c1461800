import { defineExtension, enumeration } from "../../src/state/mod.ts";

/** TLS settings for a node's BMC: for each BMC, so that one old BMC weakens no other connection. */
export const bmcTls = defineExtension("bmcTls", {
  "/bmc/trust": {
    type: enumeration("default", "verified", "first-use", "unverified"),
    writer: "cfg",
    about:
      "Certificate to accept from the node's controller without '/bmc/fingerprint'; default: as the module's 'tls' says; verified: " +
      "one signed by an authority; first-use: the first one seen, stored in '/bmc/certificate'; unverified: any",
  },
  "/bmc/tls": {
    type: enumeration("tls1.2", "tls1.3", "tls1.2-legacy", "tls1.1", "tls1.0"),
    writer: "cfg",
    about:
      "Oldest TLS version to accept from the node's controller. tls1.2-legacy, tls1.1 and tls1.0 also allow weak keys and hashes, " +
      "and servers without secure renegotiation (RFC 5746). Default: tls1.2",
  },
  "/bmc/certificate": {
    type: { kind: "string", maxLength: 512 },
    writer: "parent",
    about: "Certificate accepted on first use: SHA-256, subject and end of validity",
    knownWhile: {},
  },
});

/** The oldest TLS version to accept from a BMC. */
export type OldestTls = "1.3" | "1.2" | "1.2-legacy" | "1.1" | "1.0";

/** Reads `value`, a value of `/bmc/tls`. */
export function oldestTlsOf(value: unknown): OldestTls {
  const known: readonly OldestTls[] = ["1.3", "1.2", "1.2-legacy", "1.1", "1.0"];
  return known.find((each) => value === `tls${each}`) ?? "1.2";
}

/** Tells whether `oldest` also accepts weak keys, old suites and servers without secure renegotiation. */
export function isLegacy(oldest: OldestTls): boolean {
  return oldest !== "1.2" && oldest !== "1.3";
}

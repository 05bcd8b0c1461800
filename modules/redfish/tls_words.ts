import { commonNameOf, describeCertificate, problemWords, readCertificate } from "./certificate.ts";
import type { Trust } from "./exchange.ts";
import { isModernSuite, type ServerFirst } from "./tls_hello.ts";
import { isLegacy, type OldestTls } from "./tls_settings.ts";

/** A TLS connection that failed, and what is known about the server. */
export interface TlsFailure {
  readonly url: URL;
  readonly trust: Trust;
  readonly oldest: OldestTls;
  /** The runtime's error text. */
  readonly said: string;
  readonly first: ServerFirst | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

type Hello = Extract<ServerFirst, { readonly kind: "hello" }>;

/** Explains why a TLS connection failed, and which setting of the node helps. @param failure What is known. */
export function explainTls(failure: TlsFailure): string {
  const { first, said, oldest } = failure;
  if (first === undefined) return said;
  if (first.kind === "no-tls") {
    return "it does not use TLS on this port: set the node's '/bmc/address' to a URL with its HTTPS port";
  }
  if (first.kind === "alert") return explainAlert(first.code, said);
  if (!isOldEnough(first.version, oldest)) return explainVersion(first, oldest);
  if (!first.renegotiation && /renegotiation/i.test(said) && !isLegacy(oldest)) {
    return "it does not support secure renegotiation (RFC 5746): update its firmware, or set the node's '/bmc/tls' to tls1.2-legacy";
  }
  return explainCertificate(first, failure) ?? explainSuite(first, failure) ?? said;
}

/**
 * Tells whether Node and Bun can reach the server and Deno (rustls) cannot: it has TLS 1.2 with old suites, an older
 * version, or a weak key.
 */
export function needsOtherRuntime({ first, trust, oldest, url, now }: Omit<TlsFailure, "said">): boolean {
  if (first?.kind !== "hello" || !isOldEnough(first.version, oldest)) return false;
  if (first.version !== "1.2" || !isModernSuite(first.cipher)) return true;
  const weak = problemsOf(first, url, now).some((problem) => /RSA key/.test(problem));
  return weak && (trust.kind !== "authorities" || isLegacy(oldest));
}

function isOldEnough(version: Hello["version"], oldest: OldestTls): boolean {
  const order = ["ssl3", "1.0", "1.1", "1.2"];
  return oldest !== "1.3" && order.indexOf(version) >= order.indexOf(oldest.replace("-legacy", ""));
}

function explainVersion({ version }: Hello, oldest: OldestTls): string {
  if (version === "ssl3") return "it supports only SSL 3 or older, which Kraken does not: update its firmware";
  if (oldest === "1.3") return "it does not support TLS 1.3: unset the node's '/bmc/tls', which asks for it";
  return `it uses TLS ${version} at most: update its firmware or, if there is no newer one, set the node's '/bmc/tls' to tls${version}`;
}

function explainAlert(code: number, said: string): string {
  if (code === 40) return "it has no cipher suite in common with Kraken";
  if (code === 70) return `it refuses TLS 1.2 and older: ${said}`;
  return `it refuses TLS with the alert ${code}: ${said}`;
}

function problemsOf(first: Hello, url: URL, now: number): readonly string[] {
  const certificate = first.certificate === undefined ? undefined : readCertificate(first.certificate);
  return certificate === undefined ? [] : problemWords(certificate, url.hostname, now);
}

function explainCertificate(first: Hello, { trust, url, now }: TlsFailure): string | undefined {
  const certificate = first.certificate === undefined ? undefined : readCertificate(first.certificate);
  if (trust.kind !== "authorities" || certificate === undefined) return undefined;
  const problems = problemsOf(first, url, now);
  const unknown = `is signed by '${commonNameOf(certificate.issuer)}', which no trusted authority has certified`;
  return `its certificate ${problems.length > 0 ? problems.join(", ") : unknown}. It is ${
    describeCertificate(certificate)
  }: ` +
    "compare this with the BMC's own display and set the node's '/bmc/fingerprint' to it, set its '/bmc/trust' to first-use or " +
    "unverified, or set 'ca' in the module's config to its authority";
}

function explainSuite(first: Hello, { oldest, url, now }: TlsFailure): string | undefined {
  const weak = problemsOf(first, url, now).find((problem) => /RSA key/.test(problem));
  if (weak !== undefined) {
    return `its certificate ${weak}: give it a new one, or set the node's '/bmc/tls' to tls1.2-legacy`;
  }
  if (isModernSuite(first.cipher) && first.version === "1.2") return undefined;
  const suite = first.cipher.toString(16).padStart(4, "0");
  const asked = isLegacy(oldest) ? "" : ", or set the node's '/bmc/tls' to tls1.2-legacy";
  return `it uses TLS ${first.version} with the cipher suite 0x${suite}, which this runtime does not support: install Node or Bun ` +
    `on the aggregator's machine${asked}`;
}

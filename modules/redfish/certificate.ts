import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";

/** The smallest RSA key that counts as safe, in bits. */
const MIN_RSA_BITS = 2048;

/** The problems of a certificate, for a BMC that is reached under a name or address. */
export interface CertificateProblems {
  readonly expired: boolean;
  readonly notYetValid: boolean;
  readonly selfSigned: boolean;
  readonly wrongName: boolean;
  /** The size of an RSA key that is too small, in bits. */
  readonly weakBits: number | undefined;
}

/** Checks a certificate, except for its authority. @param now Milliseconds since 1970. */
function judgeCertificate(certificate: X509Certificate, host: string, now: number): CertificateProblems {
  const plain = host.replace(/^\[|\]$/g, "");
  const named = isIP(plain) === 0 ? certificate.checkHost(plain) : certificate.checkIP(plain);
  const bits = certificate.publicKey.asymmetricKeyDetails?.modulusLength;
  return {
    expired: Date.parse(certificate.validTo) < now,
    notYetValid: Date.parse(certificate.validFrom) > now,
    selfSigned: certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey),
    wrongName: named === undefined,
    weakBits: bits !== undefined && bits < MIN_RSA_BITS ? bits : undefined,
  };
}

/**
 * Describes the problems of `certificate` for `host`, in words that continue "its certificate ...". Empty if the only
 * problem is that no trusted authority has signed it.
 *
 * @param now Milliseconds since 1970.
 */
export function problemWords(certificate: X509Certificate, host: string, now: number): readonly string[] {
  const { expired, notYetValid, selfSigned, wrongName, weakBits } = judgeCertificate(certificate, host, now);
  return [
    ...(expired ? [`expired on ${dayOf(certificate.validTo)}`] : []),
    ...(notYetValid ? [`is valid from ${dayOf(certificate.validFrom)} only`] : []),
    ...(selfSigned ? ["is self-signed"] : []),
    ...(wrongName ? [`is for ${namesOf(certificate)} and not for '${host}'`] : []),
    ...(weakBits !== undefined ? [`has an RSA key of ${weakBits} bits, which is too weak`] : []),
  ];
}

/** Describes `certificate` in a line: SHA-256, subject and end of validity. */
export function describeCertificate(certificate: X509Certificate): string {
  return `${certificate.fingerprint256} (${commonNameOf(certificate.subject)}, until ${dayOf(certificate.validTo)})`;
}

/** Parses a certificate in DER. @param der Its bytes. @returns Undefined if it is not a certificate. */
export function readCertificate(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

/** Formats the subject or issuer `distinguished` in one line. */
export function commonNameOf(distinguished: string): string {
  return distinguished.split("\n").join(", ").slice(0, 120) || "without a name";
}

function namesOf({ subjectAltName, subject }: X509Certificate): string {
  const names = subjectAltName?.split(", ").map((each) => each.replace(/^\w+(?: \w+)?:/, "")).slice(0, 3) ?? [];
  return names.length > 0 ? names.map((name) => `'${name.slice(0, 80)}'`).join(", ") : commonNameOf(subject);
}

function dayOf(text: string): string {
  const at = Date.parse(text);
  return Number.isNaN(at) ? "an unknown day" : new Date(at).toISOString().slice(0, 10);
}

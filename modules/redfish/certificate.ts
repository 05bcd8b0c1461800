import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";

/** The fewest bits of an RSA key that are taken as safe. */
const MIN_RSA_BITS = 2048;

/** What is wrong with a certificate, for a BMC that is asked under a name or address. */
export interface CertificateProblems {
  readonly expired: boolean;
  readonly notYetValid: boolean;
  readonly selfSigned: boolean;
  readonly wrongName: boolean;
  /** The bits of an RSA key that is too small. */
  readonly weakBits: number | undefined;
}

/** Judges a certificate, except for whether an authority vouches for it. @param now Milliseconds since 1970. */
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

/** What is wrong, in words that continue "its certificate ...". Empty: nothing but that no authority vouches for it. */
export function problemWords(certificate: X509Certificate, host: string, now: number): readonly string[] {
  const { expired, notYetValid, selfSigned, wrongName, weakBits } = judgeCertificate(certificate, host, now);
  return [
    ...(expired ? [`expired on ${dayOf(certificate.validTo)}`] : []),
    ...(notYetValid ? [`is valid from ${dayOf(certificate.validFrom)} only`] : []),
    ...(selfSigned ? ["has signed itself"] : []),
    ...(wrongName ? [`is for ${namesOf(certificate)} and not for '${host}'`] : []),
    ...(weakBits !== undefined ? [`has an RSA key of ${weakBits} bits, which is too weak`] : []),
  ];
}

/** A certificate in a line: its SHA-256, whose it is, and until when. */
export function describeCertificate(certificate: X509Certificate): string {
  return `${certificate.fingerprint256} (${nameOf(certificate.subject)}, until ${dayOf(certificate.validTo)})`;
}

/** Reads the certificate of a DER. @returns Undefined where it is none. */
export function readCertificate(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

/** A subject or issuer in one line. */
export function nameOf(distinguished: string): string {
  return distinguished.split("\n").join(", ").slice(0, 120) || "without a name";
}

function namesOf({ subjectAltName, subject }: X509Certificate): string {
  const names = subjectAltName?.split(", ").map((each) => each.replace(/^\w+(?: \w+)?:/, "")).slice(0, 3) ?? [];
  return names.length > 0 ? names.map((name) => `'${name.slice(0, 80)}'`).join(", ") : nameOf(subject);
}

function dayOf(text: string): string {
  const at = Date.parse(text);
  return Number.isNaN(at) ? "an unknown day" : new Date(at).toISOString().slice(0, 10);
}

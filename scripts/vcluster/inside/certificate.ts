import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A certificate for the machines' controllers, as a site's own authority would give them. */
export interface ControllerCertificate {
  /** Both PEM. */
  readonly certificate: string;
  readonly key: string;
  /** The file that whoever talks to them has to trust. */
  readonly authority: string;
}

/** Makes a certificate for some addresses that signs itself, with `openssl`. */
export function makeCertificate(folder: string, addresses: readonly string[]): ControllerCertificate {
  const [key, certificate] = [join(folder, "bmc-key.pem"), join(folder, "bmc-ca.pem")];
  writeFileSync(key, "", { mode: 0o600 });
  const names = addresses.map((address) => `IP:${address}`).join(",");
  execFileSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"],
    ...["-keyout", key, "-out", certificate, "-subj", "/CN=Controllers of a virtual cluster"],
    ...["-addext", `subjectAltName=${names}`],
  ], { stdio: ["ignore", "ignore", "pipe"] });
  return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8"), authority: certificate };
}

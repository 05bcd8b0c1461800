import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TlsFiles } from "../../scripts/brokers/mosquitto.ts";

/** Makes an authority of its own in a folder, and certificates that it signs. */
export function createAuthority(folder: string): (name: string, subject: string) => TlsFiles {
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void => void execFileSync("openssl", args, { stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const ca = { key: file("ca.key"), certificate: file("ca.pem") };
  openssl("req", "-x509", ...newKey, "-keyout", ca.key, "-out", ca.certificate, "-days", "2", "-subj", "/CN=Test CA");
  /** @param subject Whom it is for, as OpenSSL writes alternative names: `DNS:localhost,IP:127.0.0.1`. */
  return (name, subject) => {
    const key = file(`${name}.key`);
    const certificate = file(`${name}.pem`);
    const request = file(`${name}.csr`);
    const extensions = file(`${name}.ext`);
    writeFileSync(extensions, `subjectAltName=${subject}\nbasicConstraints=CA:FALSE\n`);
    openssl("req", ...newKey, "-keyout", key, "-out", request, "-subj", `/CN=${name}`);
    const by = ["-CA", ca.certificate, "-CAkey", ca.key, "-CAcreateserial", "-days", "2", "-extfile", extensions];
    openssl("x509", "-req", "-in", request, "-out", certificate, ...by);
    return { ca: ca.certificate, certificate, key };
  };
}

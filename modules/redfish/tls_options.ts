import { constants } from "node:crypto";
import process from "node:process";
import type { SecureContextOptions } from "node:tls";
import { isLegacy, type OldestTls } from "./tls_settings.ts";

/** The runtime of this program: each has another TLS library (rustls, BoringSSL, OpenSSL). */
export type TlsRuntime = "deno" | "bun" | "node";

/** Returns the runtime. @param versions As `process.versions`. */
export function runtimeOf(versions: { readonly [name: string]: string | undefined } = process.versions): TlsRuntime {
  return versions["deno"] !== undefined ? "deno" : versions["bun"] !== undefined ? "bun" : "node";
}

const VERSIONS = {
  "1.0": "TLSv1",
  "1.1": "TLSv1.1",
  "1.2-legacy": "TLSv1.2",
  "1.2": "TLSv1.2",
  "1.3": "TLSv1.3",
} as const;

/**
 * Returns the TLS options of one connection; they affect no other connection.
 *
 * @param oldest The oldest TLS version to accept.
 * @param runtime The runtime that makes the connection.
 */
export function tlsOptionsOf(oldest: OldestTls, runtime: TlsRuntime): SecureContextOptions {
  const minVersion = VERSIONS[oldest];
  // BoringSSL has neither security levels nor an option for servers without secure renegotiation: it accepts them.
  if (runtime !== "node" || !isLegacy(oldest)) return { minVersion };
  return {
    minVersion,
    ciphers: "ALL:!aNULL:!eNULL:@SECLEVEL=0",
    secureOptions: constants.SSL_OP_LEGACY_SERVER_CONNECT,
  };
}

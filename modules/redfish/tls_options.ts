import { constants } from "node:crypto";
import process from "node:process";
import type { SecureContextOptions } from "node:tls";
import { isLegacy, type OldestTls } from "./tls_settings.ts";

/** What runs this program: each has another library for TLS (rustls, BoringSSL, OpenSSL). */
export type Runtime = "deno" | "bun" | "node";

/** Which of them it is. */
export function runtimeOf(versions: { readonly [name: string]: string | undefined } = process.versions): Runtime {
  return versions["deno"] !== undefined ? "deno" : versions["bun"] !== undefined ? "bun" : "node";
}

const VERSIONS = {
  "1.0": "TLSv1",
  "1.1": "TLSv1.1",
  "1.2-legacy": "TLSv1.2",
  "1.2": "TLSv1.2",
  "1.3": "TLSv1.3",
} as const;

/** The options of one connection for the oldest TLS that is allowed; nothing of them holds for another connection. */
export function tlsOptionsOf(oldest: OldestTls, runtime: Runtime): SecureContextOptions {
  const minVersion = VERSIONS[oldest];
  // BoringSSL has neither levels nor a word for servers without secure renegotiation: it takes them.
  if (runtime !== "node" || !isLegacy(oldest)) return { minVersion };
  return {
    minVersion,
    ciphers: "ALL:!aNULL:!eNULL:@SECLEVEL=0",
    secureOptions: constants.SSL_OP_LEGACY_SERVER_CONNECT,
  };
}

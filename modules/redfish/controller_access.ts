import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import process from "node:process";
import { type ModuleContext, type ModuleNode, UnavailableError } from "../../src/module/mod.ts";
import { errorText } from "../../src/toolkit/mod.ts";
import { type Credentials, credentialsFor } from "../power/mod.ts";
import { type Address, trustOf } from "./access.ts";
import { describeCertificate, readCertificate } from "./certificate.ts";
import type { Connections } from "./connections.ts";
import { type Exchange, FingerprintError } from "./exchange.ts";
import type { Access } from "./sessions.ts";
import { oldestTlsOf } from "./tls_settings.ts";

/** Settings of the driver. */
export interface RedfishSettings {
  /** A service that has all nodes below `Systems/{name}`, for nodes without a `/bmc/address`. */
  readonly endpoint: string | undefined;
  /**
   * Path of the files of credentials, in which `{name}` stands for the node's name; undefined: the environment; false:
   * none.
   */
  readonly credentials: string | undefined | false;
  readonly auth: "session" | "basic";
  /** Path of the certificates (PEM) of authorities to trust. */
  readonly ca: string | undefined;
  /**
   * `verified`: TLS with a trusted certificate; `unverified`: TLS with any certificate; `plain`: also without TLS,
   * credentials included.
   */
  readonly tls: "verified" | "unverified" | "plain";
}

/** How the controllers of nodes are reached, and by whose name: connections, trust and credentials. */
export interface Accesses {
  of(node: ModuleNode, address: Address): Access;
  forget(nodeId: string): void;
}

/**
 * Makes the accesses of a module.
 *
 * @param parts `exchange` takes the place of `connections`; `module` names the module in messages.
 */
export function createAccesses(
  context: ModuleContext,
  parts: {
    readonly module: string;
    readonly settings: () => RedfishSettings;
    readonly exchange?: Exchange;
    readonly connections: Connections;
  },
): Accesses {
  const { connections } = parts;
  /** Certificates accepted on first use, by node: they are needed before the discovered value can be read. */
  const firstSeen = new Map<string, string>();

  /** Returns the certificate accepted on first use, as long as cfg asks for that. */
  function seenBy(node: ModuleNode): string | undefined {
    const stated = node.view.get("/bmc/certificate");
    const seen = firstSeen.get(node.id) ?? (typeof stated === "string" ? stated : undefined);
    if (node.cfg.get("/bmc/trust") === "first-use") return seen;
    firstSeen.delete(node.id);
    if (stated !== undefined) context.discover(node.id, "/bmc/certificate", null);
    return undefined;
  }
  function trustFirst(node: ModuleNode, der: Uint8Array): void {
    const certificate = readCertificate(der);
    if (certificate === undefined) return;
    const words = describeCertificate(certificate);
    const known = firstSeen.get(node.id);
    if (known === words) return;
    if (known !== undefined) throw new FingerprintError(`its certificate is ${words}: the first one was ${known}`);
    firstSeen.set(node.id, words);
    context.discover(node.id, "/bmc/certificate", words);
    context.log.warn("Trusts a controller's certificate from now on, because it is the first one seen", {
      node: node.name,
      certificate: words,
    });
  }
  return {
    of(node: ModuleNode, address: Address): Access {
      const { auth, credentials, ca, tls } = parts.settings();
      const authorities = () => ca === undefined ? undefined : readAuthorities(ca);
      const seen = seenBy(node);
      const { trust, first } = trustOf(node, { verify: tls === "verified", ca: authorities }, seen);
      const peer = {
        trust,
        oldest: oldestTlsOf(node.cfg.get("/bmc/tls")),
        ...(first && { seen: (certificate: Uint8Array) => trustFirst(node, certificate) }),
      };
      function ownCredentials(): Credentials | undefined {
        if (credentials === false) return undefined;
        const found = credentialsFor(node, credentials, process.env);
        if (found === undefined || address.root.protocol === "https:" || tls === "plain") return found;
        throw new UnavailableError(
          `Cannot send credentials to ${address.root.origin} without TLS: expected an https URL, or 'tls' plain ` +
            `in '/services/${parts.module}/config'`,
        );
      }
      return {
        root: address.root,
        exchange: parts.exchange ?? connections.exchange(address.root.origin, peer),
        auth,
        credentials: ownCredentials,
        identity: () =>
          createHash("sha256").update(JSON.stringify([trust, peer.oldest, auth, ownCredentials() ?? null])).digest(
            "hex",
          ),
      };
    },
    forget: (nodeId) => void firstSeen.delete(nodeId),
  };
}

function readAuthorities(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UnavailableError(`Cannot read 'ca' '${file}': ${errorText(error)}`);
  }
}

import { MistakeError } from "../../src/module/mod.ts";
import type { ModuleNode } from "../../src/module/mod.ts";
import { parseFingerprint, type Trust } from "./exchange.ts";
import { singleSlashes } from "./own_names.ts";

/** The address of a node's controller: the service, and the ComputerSystem if the address names one. */
export interface Address {
  /** The service's root, such as `https://10.0.0.7/redfish/v1/`. */
  readonly root: URL;
  readonly system: URL | undefined;
}

const ROOT = "/redfish/v1/";

/**
 * Finds the controller of `node`: its `/bmc/address` (a host, or the URL of a service or of a ComputerSystem),
 * otherwise its name below `endpoint`.
 *
 * @param module Names the module, for messages.
 * @throws {MistakeError} If there is none, or the address is invalid. A URL with a password is refused and not shown.
 */
export function addressOf(node: ModuleNode, endpoint: string | undefined, module: string): Address {
  const own = node.cfg.get("/bmc/address");
  if (own === undefined && endpoint === undefined) {
    throw new MistakeError(
      `'${node.name}' has no controller: set its '/bmc/address' to a URL, ` +
        `or 'endpoint' in the aggregator's '/services/${module}/config'`,
    );
  }
  const text = own === undefined
    ? `${endpoint?.replace(/\/+$/, "")}${ROOT}Systems/${encodeURIComponent(node.name)}`
    : String(own);
  const full = /^[a-z]+:\/\//i.test(text) ? text : `https://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url !== undefined && (url.username !== "" || url.password !== "")) {
    throw new MistakeError(
      `'${node.name}' has a controller address with a user in it: expected a URL without, and a file of 'credentials'`,
    );
  }
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new MistakeError(
      `'${node.name}' has the controller address '${text}': expected a host, or an http or https URL`,
    );
  }
  url.pathname = singleSlashes(url.pathname);
  const root = new URL(ROOT, url);
  const isService = url.pathname === "/" || ["/redfish/", ROOT].includes(url.pathname.replace(/\/?$/, "/"));
  return { root, system: isService ? undefined : url };
}

/** What to trust as a node's controller, and whether to remember it. */
export interface NodeTrust {
  readonly trust: Trust;
  /** Whether to trust the first certificate seen from then on. */
  readonly first: boolean;
}

/**
 * Determines what to trust as a node's controller: its `/bmc/fingerprint`, otherwise its `/bmc/trust`, otherwise the
 * module's `config`.
 *
 * @param node The node.
 * @param seen The certificate accepted on first use, in the format of {@link describeCertificate}.
 */
export function trustOf(
  node: ModuleNode,
  config: { readonly verify: boolean; readonly ca: () => string | undefined },
  seen: string | undefined,
): NodeTrust {
  const stated = node.cfg.get("/bmc/fingerprint");
  const wanted = node.cfg.get("/bmc/trust");
  if (stated !== undefined) {
    const fingerprint = parseFingerprint(String(stated));
    if (fingerprint !== undefined) return { trust: { kind: "fingerprint", fingerprint }, first: false };
    throw new MistakeError(
      `'${node.name}' has the /bmc/fingerprint '${stated}': expected a SHA-256, 64 hexadecimal digits`,
    );
  }
  if (wanted === "first-use") {
    const fingerprint = seen === undefined ? undefined : parseFingerprint(seen.split(" ")[0] ?? "");
    return fingerprint === undefined
      ? { trust: { kind: "anybody" }, first: true }
      : { trust: { kind: "fingerprint", fingerprint }, first: false };
  }
  if (wanted === "unverified" || (wanted !== "verified" && !config.verify)) {
    return { trust: { kind: "anybody" }, first: false };
  }
  const ca = config.ca();
  return { trust: { kind: "authorities", ...(ca !== undefined && { ca }) }, first: false };
}

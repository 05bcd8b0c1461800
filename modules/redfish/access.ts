import { MistakeError } from "../../src/module/mod.ts";
import type { ModuleNode } from "../../src/module/mod.ts";
import { parseFingerprint, type Trust } from "./exchange.ts";
import { singleSlashes } from "./own_names.ts";

/** Where a node's controller is: the service, and the ComputerSystem where the address says which. */
export interface Address {
  /** The service's root, such as `https://10.0.0.7/redfish/v1/`. */
  readonly root: URL;
  readonly system: URL | undefined;
}

const ROOT = "/redfish/v1/";

/**
 * Finds a node's controller: `/bmc/address` (a host, the URL of a service or of a ComputerSystem), otherwise its name below the
 * endpoint.
 *
 * @param module Names the module, for messages.
 * @throws {MistakeError} When there is none, or it is no address; a URL with a password in it is refused, and not shown.
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

/** Whom to trust as a node's controller: its `/bmc/fingerprint`, otherwise what the config says. */
export function trustOf(
  node: ModuleNode,
  config: { readonly verify: boolean; readonly ca: string | undefined },
): Trust {
  const stated = node.cfg.get("/bmc/fingerprint");
  if (stated !== undefined) {
    const fingerprint = parseFingerprint(String(stated));
    if (fingerprint === undefined) {
      throw new MistakeError(
        `'${node.name}' has the /bmc/fingerprint '${stated}': expected a SHA-256, 64 hexadecimal digits`,
      );
    }
    return { kind: "fingerprint", fingerprint };
  }
  if (!config.verify) return { kind: "anybody" };
  return { kind: "authorities", ...(config.ca !== undefined && { ca: config.ca }) };
}

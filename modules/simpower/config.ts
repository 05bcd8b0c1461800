import type { ModuleNode } from "../../src/module/mod.ts";
import { isRecord, type Value } from "../../src/state/mod.ts";

/** Milliseconds between two looks at a controller, where the config says nothing. */
const DEFAULT_POLL = 2_000;

/** The module's config with its defaults. */
export interface SimpowerConfig {
  readonly endpoint: string | undefined;
  /** Milliseconds. */
  readonly poll: number;
}

/** Reads the module's config, which the host has checked. */
export function simpowerConfigOf(config: Value | undefined): SimpowerConfig {
  const given = isRecord(config) ? config : {};
  return {
    endpoint: typeof given["endpoint"] === "string" ? given["endpoint"] : undefined,
    poll: typeof given["poll"] === "number" ? given["poll"] : DEFAULT_POLL,
  };
}

/** Tells whether the module is there for this node. */
export function isSimulated(node: ModuleNode): boolean {
  return node.view.get("/platform") === "sim";
}

/** Where a node's controller is, or what is wrong with what its cfg says. */
export type Address = { readonly ok: true; readonly url: URL } | { readonly ok: false; readonly problem: string };

/** Finds a node's controller: `/bmc/address`, otherwise its name below the module's endpoint. */
export function addressOf(node: ModuleNode, endpoint: string | undefined): Address {
  const own = node.cfg.get("/bmc/address");
  if (own === undefined && endpoint === undefined) {
    return {
      ok: false,
      problem: `'${node.name}' has no controller: set its '/bmc/address' to a URL, ` +
        `or 'endpoint' in the aggregator's '/services/simpower/config'`,
    };
  }
  const text = own === undefined
    ? `${endpoint?.replace(/\/+$/, "")}/redfish/v1/Systems/${encodeURIComponent(node.name)}`
    : String(own);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    return { ok: false, problem: `'${node.name}' has the controller address '${text}': expected an http or https URL` };
  }
  return { ok: true, url };
}

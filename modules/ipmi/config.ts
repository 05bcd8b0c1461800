import { MistakeError, type ModuleNode } from "../../src/module/mod.ts";
import { isRecord, type Value } from "../../src/state/mod.ts";
import type { PowerSettings } from "../power/mod.ts";

/**
 * Default interval between two readings, in milliseconds. Each reading takes a process, so polling costs more than
 * elsewhere.
 */
const POLL = 60_000;
const GRACEFUL = 60_000;
/** How long a controller may report the old state after an order, in milliseconds. */
const SETTLE = 10_000;

/** Settings of the driver. */
export interface IpmiSettings extends PowerSettings {
  /** Path of the files of credentials, in which `{name}` stands for the node's name; undefined: the environment. */
  readonly credentials: string | undefined;
  /** `lanplus`: IPMI 2.0; `lan`: IPMI 1.5, which protects only the password. */
  readonly interface: "lanplus" | "lan";
  /** The privilege of the session. Power control needs at least OPERATOR. */
  readonly privilege: "USER" | "OPERATOR" | "ADMINISTRATOR";
}

/** Reads the module's `config`, which the host has checked. */
export function ipmiConfigOf(config: Value | undefined): IpmiSettings {
  const given = isRecord(config) ? config : {};
  const { privilege } = given;
  return {
    credentials: typeof given["credentials"] === "string" ? given["credentials"] : undefined,
    poll: typeof given["poll"] === "number" ? given["poll"] : POLL,
    graceful: typeof given["graceful"] === "number" ? given["graceful"] : GRACEFUL,
    interface: given["interface"] === "lan" ? "lan" : "lanplus",
    privilege: privilege === "USER" || privilege === "OPERATOR" ? privilege : "ADMINISTRATOR",
    sense: 0,
    settle: SETTLE,
  };
}

/** The network address of a controller. */
export interface IpmiAddress {
  readonly host: string;
  readonly port: number;
}

/** The port of RMCP (IANA: asf-rmcp). */
const PORT = 623;
/** A name or IPv4 address, or an IPv6 address in brackets, each with or without a port. */
const ADDRESS = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9][A-Za-z0-9._-]*))(?::(\d{1,5}))?$/;

/**
 * Finds the controller of `node`.
 *
 * @throws {MistakeError} If there is none, or its address is invalid.
 */
export function ipmiAddressOf(node: ModuleNode): IpmiAddress {
  const text = node.cfg.get("/bmc/address");
  const expected = "a host such as 10.0.0.7, bmc7:623 or [fd00::7]";
  if (text === undefined) {
    throw new MistakeError(`'${node.name}' has no controller: set its '/bmc/address' to ${expected}`);
  }
  const [, six, name, port = PORT] = ADDRESS.exec(String(text)) ?? [];
  const host = six ?? name;
  if (host === undefined || Number(port) > 65_535) {
    throw new MistakeError(`'${node.name}' has the controller address '${text}': expected ${expected}`);
  }
  return { host, port: Number(port) };
}

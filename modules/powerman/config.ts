import { MistakeError, type ModuleNode } from "../../src/module/mod.ts";
import { isRecord, type Value } from "../../src/state/mod.ts";
import type { PowerSettings } from "../power/mod.ts";

/** Default address of powermand. */
const SERVER = "localhost:10101";
const PORT = 10_101;
/** Default interval between two readings, in milliseconds. */
const POLL = 30_000;
/** How long a device may report the old state after an order, in milliseconds. */
const SETTLE = 5_000;

/** Settings of the driver. */
export interface PowermanSettings extends PowerSettings {
  /** The address of powermand, as `host:port`. */
  readonly server: string;
}

const ADDRESS = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9][A-Za-z0-9._-]*))(?::(\d{1,5}))?$/;

/** Reads the module's `config`, which the host has checked. */
export function powermanConfigOf(config: Value | undefined): PowermanSettings {
  const given = isRecord(config) ? config : {};
  return {
    server: typeof given["server"] === "string" ? given["server"] : SERVER,
    poll: typeof given["poll"] === "number" ? given["poll"] : POLL,
    sense: 0,
    // A switched outlet cannot ask a machine to shut down.
    graceful: 0,
    settle: SETTLE,
  };
}

/**
 * Parses the address `server` of powermand.
 *
 * @throws {MistakeError} If it is invalid.
 */
export function serverOf(server: string): { readonly host: string; readonly port: number } {
  const [, six, name, port = PORT] = ADDRESS.exec(server) ?? [];
  const host = six ?? name;
  if (host === undefined || Number(port) > 65_535) {
    throw new MistakeError(
      `'server' in '/services/powerman/config' is '${server}': expected a host such as ${SERVER}`,
    );
  }
  return { host, port: Number(port) };
}

/** A name as in powermand's hostlists: not a range, a list or another command. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/**
 * Returns the name of `node` at powermand: its `/bmc/address`, otherwise its name.
 *
 * @throws {MistakeError} If that is not a valid name.
 */
export function powermanNameOf(node: ModuleNode): string {
  const name = String(node.cfg.get("/bmc/address") ?? node.name);
  if (NAME.test(name)) return name;
  throw new MistakeError(
    `'${node.name}' has the controller address '${
      name.slice(0, 80)
    }': expected a name that powermand knows, such as n7`,
  );
}

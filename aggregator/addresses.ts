import { isIPv6 } from "node:net";
import { EXIT, ProgramError } from "../src/cli/mod.ts";
import { withoutCredentials } from "../src/redact.ts";
import type { Addresses } from "./types.ts";

/** What the addresses of an aggregator depend on. */
export interface AddressParts {
  /** The host under which others reach this machine, as configured; absent for loopback. */
  readonly advertise: string | undefined;
  /** Port of the API. */
  readonly http: number;
  /** Port of the embedded broker; absent with another broker. */
  readonly mqtt: number | undefined;
  /** URL of the other broker, which is announced as configured. */
  readonly broker: string | undefined;
}

/**
 * Returns where others reach an aggregator. Its listeners are on loopback, so on any other host a proxy or tunnel of
 * the operator forwards connections.
 */
export function addressesOf({ advertise, http, mqtt, broker }: AddressParts): Addresses {
  const host = advertise === undefined ? "127.0.0.1" : readHost(advertise);
  return {
    api: `http://${host}:${http}`,
    broker: broker === undefined ? `mqtt://${host}:${mqtt}` : withoutCredentials(broker),
  };
}

/** Checks the host `text`. @throws {ProgramError} If it is invalid. @returns The host as written in a URL. */
export function readHost(text: string): string {
  const host = isIPv6(text) ? `[${text}]` : text;
  const isHost = /^[A-Za-z0-9._-]+$|^\[.*\]$/.test(host) && URL.canParse(`http://${host}`);
  if (isHost) return new URL(`http://${host}`).hostname;
  throw new ProgramError(
    `Option '--advertise' is '${text}': expected a host name or an IP address, without a port`,
    EXIT.usage,
  );
}

import { isIPv6 } from "node:net";
import { EXIT, ProgramError } from "../src/cli/mod.ts";
import { withoutCredentials } from "../src/redact.ts";
import type { Addresses } from "./types.ts";

/** What the addresses of an aggregator follow from. */
export interface AddressParts {
  /** The host under which others reach this machine, as it was set; absent for loopback. */
  readonly advertise: string | undefined;
  /** Port of the API. */
  readonly http: number;
  /** Port of the embedded broker; absent where there is another one. */
  readonly mqtt: number | undefined;
  /** URL of the other broker, which is reached as it is set. */
  readonly broker: string | undefined;
}

/**
 * Where an aggregator tells others to reach it: its listeners are on loopback, so another host than that is one where
 * something of the operator's passes connections on.
 */
export function addressesOf({ advertise, http, mqtt, broker }: AddressParts): Addresses {
  const host = advertise === undefined ? "127.0.0.1" : readHost(advertise);
  return {
    api: `http://${host}:${http}`,
    broker: broker === undefined ? `mqtt://${host}:${mqtt}` : withoutCredentials(broker),
  };
}

/** @throws {ProgramError} When it is no host. @returns As it is written in a URL. */
export function readHost(text: string): string {
  const host = isIPv6(text) ? `[${text}]` : text;
  const isHost = /^[A-Za-z0-9._-]+$|^\[.*\]$/.test(host) && URL.canParse(`http://${host}`);
  if (isHost) return new URL(`http://${host}`).hostname;
  throw new ProgramError(
    `Option '--advertise' is '${text}': expected a host name or an IP address, without a port`,
    EXIT.usage,
  );
}

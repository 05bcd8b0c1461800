import { isUuid } from "../../../src/state/mod.ts";

/** What a machine that boots is told: its aggregator, and the broker over which that is reached. */
export interface BootSource {
  readonly broker: string;
  /** The aggregator's UUID. */
  readonly parent: string;
}

/**
 * Reads `mqtt://broker/UUID`.
 *
 * @param own The broker's URL by the simulator's own setting: its name and password are used for others too.
 * @returns Undefined when it is no such URI.
 */
export function readBootSource(uri: string, own: string): BootSource | undefined {
  if (uri.length > 512 || !URL.canParse(uri)) return undefined;
  const url = new URL(uri);
  const parent = url.pathname.slice(1);
  if (!/^(mqtts?|wss?):$/.test(url.protocol) || !isUuid(parent)) return undefined;
  const { username, password } = new URL(own);
  url.pathname = "";
  if (url.username === "") Object.assign(url, { username, password });
  return { broker: url.href, parent };
}

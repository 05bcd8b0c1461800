import { isUuid } from "../../../src/state/mod.ts";

/** What a booting machine is told: its aggregator, and the broker that leads to it. */
export interface BootSource {
  readonly broker: string;
  /** The aggregator's UUID. */
  readonly parent: string;
}

/**
 * Parses the URI `uri`, such as `mqtt://broker/UUID`.
 *
 * @param own The broker's URL in the simulator's own settings: its name and password are used for other brokers too.
 * @returns Undefined if it is not such a URI.
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

import { type Clock, systemClock } from "../../src/clock.ts";
import { every } from "../../src/toolkit/mod.ts";

/** Interval between two checks for silent clients, in milliseconds. */
const LOOK_MS = 1_000;

/** A client, as far as it is needed here. */
export interface Listened {
  readonly closed: boolean;
  readonly conn: { destroy(why: Error): unknown };
}

/**
 * Disconnects clients that are silent for one and a half times their keep-alive (MQTT 3.1.1, section 3.1.2.10), up to a
 * second later. One timer checks all clients; aedes has one for each, which it restarts for every packet.
 */
export interface Silence {
  /** Reports the CONNECT of a client. @param keepalive In seconds; 0: it may be silent. */
  greeted(client: Listened, keepalive: number): void;
  /** Reports a packet of a client. */
  heard(client: Listened): void;
  stop(): void;
}

/** Starts the {@link Silence}, which uses `clock`. */
export function watchSilence(clock: Pick<Clock, "after"> = systemClock): Silence {
  /**
   * For each client the number of checks after which it is lost, and the number of the last check before it was heard.
   */
  const clients = new Map<Listened, { readonly most: number; heardAt: number }>();
  let looks = 0;
  const stop = every(clock, LOOK_MS, () => {
    looks++;
    for (const [client, { most, heardAt }] of clients) {
      if (client.closed) clients.delete(client);
      else if (looks - heardAt > most) {
        clients.delete(client);
        client.conn.destroy(new Error("It was silent for one and a half times its keep-alive"));
      }
    }
  });
  return {
    greeted(client, keepalive) {
      if (keepalive > 0) clients.set(client, { most: Math.ceil(keepalive * 1500 / LOOK_MS), heardAt: looks });
    },
    heard(client) {
      const known = clients.get(client);
      if (known !== undefined) known.heardAt = looks;
    },
    stop,
  };
}

import { type Clock, systemClock } from "../../src/clock.ts";
import { every } from "../../src/toolkit/mod.ts";

/** How often it is looked at who is silent, in milliseconds. */
const LOOK_MS = 1_000;

/** What is needed of a client. */
export interface Listened {
  readonly closed: boolean;
  readonly conn: { destroy(why: Error): unknown };
}

/**
 * Disconnects who says nothing for one and a half times its keep-alive (MQTT 3.1.1, section 3.1.2.10), as much as a second later.
 * One timer looks at all clients; aedes has one for each, which it winds up again for every packet that it sees.
 */
export interface Silence {
  /** A client introduces itself. @param keepalive In seconds; 0: it may be silent. */
  greeted(client: Listened, keepalive: number): void;
  /** Something has come of a client. */
  heard(client: Listened): void;
  stop(): void;
}

/** See {@link Silence}. */
export function watchSilence(clock: Pick<Clock, "after"> = systemClock): Silence {
  /** For each client, after how many looks it is lost, and the number of the look that was the last before it was heard. */
  const clients = new Map<Listened, { readonly most: number; heardAt: number }>();
  let looks = 0;
  const stop = every(clock, LOOK_MS, () => {
    looks++;
    for (const [client, { most, heardAt }] of clients) {
      if (client.closed) clients.delete(client);
      else if (looks - heardAt > most) {
        clients.delete(client);
        client.conn.destroy(new Error("Nothing was heard of it for one and a half times its keep-alive"));
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

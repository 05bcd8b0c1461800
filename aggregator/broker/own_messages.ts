import { Buffer } from "node:buffer";
import type { Aedes } from "aedes";
import type { Log } from "../../src/log.ts";
import type { LocalBroker } from "../../src/mqtt/mod.ts";
import type { Shortcut } from "./shortcut.ts";

/** The messages of the program that the broker is in. */
export interface OwnMessages extends Pick<LocalBroker, "publish"> {
  /** How many are being handed to those who subscribe. */
  waiting(): number;
}

/** Publishes what the program says: by the shortcut where nothing is under way to the same topic. */
export function createOwnMessages(aedes: Aedes, shortcut: Pick<Shortcut, "publish">, log: Log): OwnMessages {
  let waiting = 0;
  /** How many of those, by topic: what follows them on one takes the same way, and does not overtake them. */
  const waitingOn = new Map<string, number>();
  return {
    waiting: () => waiting,
    publish(topic, payload, qos) {
      const before = waitingOn.get(topic) ?? 0;
      if (qos === 0 && before === 0 && shortcut.publish(topic, payload)) return;
      waiting++;
      waitingOn.set(topic, before + 1);
      aedes.publish(
        { cmd: "publish", topic, payload: Buffer.from(payload), qos, retain: false, dup: false },
        (error) => {
          waiting--;
          const left = (waitingOn.get(topic) ?? 0) - 1;
          if (left > 0) waitingOn.set(topic, left);
          else waitingOn.delete(topic);
          if (error) log.warn("Broker cannot publish", { topic, why: error.message });
        },
      );
    },
  };
}

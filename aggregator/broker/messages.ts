import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
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
export function createOwnMessages(
  aedes: Pick<Aedes, "publish">,
  shortcut: Pick<Shortcut, "publish">,
  log: Log,
): OwnMessages {
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
        { cmd: "publish", topic, payload: asBuffer(payload), qos, retain: false, dup: false },
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

/** What aedes keeps of a message. */
interface Kept {
  readonly topic: string;
  readonly payload: { readonly length: number };
}

/**
 * Finds retained messages by their topic: aedes itself looks at every one of them for each subscription, which makes a cold
 * start of thousands of clients quadratic. Wildcards find nothing: this broker denies them.
 *
 * @returns Tells how many messages are kept.
 * @throws {TypeError} When this aedes keeps nothing in the way that is known.
 */
export function keepRetainedByTopic(aedes: Aedes): () => number {
  const persistence: unknown = Reflect.get(aedes, "persistence"); // its types do not tell of it
  if (typeof persistence !== "object" || persistence === null || !("createRetainedStreamCombi" in persistence)) {
    throw new TypeError("Cannot keep retained messages by topic as this aedes has no persistence that is known");
  }
  const retained = new Map<string, Kept>();
  const find = (topics: readonly string[]): Readable =>
    Readable.from(topics.flatMap((topic) => retained.get(topic) ?? []));
  Object.assign(persistence, {
    storeRetained(packet: Kept): Promise<void> {
      if (packet.payload.length === 0) retained.delete(packet.topic);
      else retained.set(packet.topic, { ...packet });
      return Promise.resolve();
    },
    createRetainedStreamCombi: find,
    createRetainedStream: (topic: string) => find([topic]),
    // Sessions are clean: nothing is kept for who is away, and an acknowledgement clears nothing. aedes itself makes an entry for
    // each client that acknowledges something, and never removes it.
    outgoingClearMessageId: () => Promise.resolve(undefined),
  });
  return () => retained.size;
}

/** The same bytes, not a copy: those of a welcome are many. */
function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

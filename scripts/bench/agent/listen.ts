import { connectMqtt } from "../../../src/mqtt/client/mod.ts";
import { createLog } from "../../../src/log.ts";
import { decodeFrame } from "../../../src/sync/mod.ts";

/** Hears agents say that they are alive. */
export interface Births {
  /** When the next one does, by `performance.now()`. @throws {Error} After ten seconds without one. */
  next(): Promise<number>;
  end(): Promise<void>;
}

/** Subscribes to the life topic of agents. */
export async function listenForBirths(url: string, topic: string): Promise<Births> {
  let heard: (at: number) => void = () => {};
  let connected: () => void = () => {};
  const ready = new Promise<void>((resolve) => connected = resolve);
  const connection = connectMqtt({
    ...{ url, clientId: "bench", topics: [topic], random: Math.random, log: createLog(() => {}) },
    onConnect: () => connected(),
    onClose() {},
    onMessage(_topic, payload) {
      const decoded = decodeFrame(payload);
      // The will of the one before says that it is dead.
      if (decoded.ok && decoded.frame.type === "alive") heard(performance.now());
    },
  });
  await ready;
  return {
    next() {
      let timer: ReturnType<typeof setTimeout> | undefined;
      return new Promise<number>((resolve, reject) => {
        heard = resolve;
        timer = setTimeout(() => reject(new Error("Cannot wait longer than ten seconds for an agent")), 10_000);
      }).finally(() => clearTimeout(timer));
    },
    end: () => connection.end(),
  };
}

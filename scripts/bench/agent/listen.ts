import { connectMqtt } from "../../../src/mqtt/client/mod.ts";
import { createLog } from "../../../src/log.ts";

/** Hears the first message on each of an agent's topics. */
export interface Births {
  /** When the next message comes, by `performance.now()`. @throws {Error} After ten seconds without one. */
  next(): Promise<number>;
  end(): Promise<void>;
}

/** Subscribes to a topic. */
export async function listenForBirths(url: string, topic: string): Promise<Births> {
  let heard: (at: number) => void = () => {};
  let connected: () => void = () => {};
  const ready = new Promise<void>((resolve) => connected = resolve);
  const connection = connectMqtt({
    ...{ url, clientId: "bench", topics: [topic], random: Math.random, log: createLog(() => {}) },
    onConnect: () => connected(),
    onClose() {},
    onMessage: () => heard(performance.now()),
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

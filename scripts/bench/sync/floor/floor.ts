import { join } from "node:path";
import { type Peer, startPeer } from "../peer.ts";
import { FLOOR } from "./commands.ts";

/** What the broker alone gets through, in messages a second. */
export interface Floor {
  /** Received by one bare subscriber over TCP. */
  readonly perSec: number;
  /** The same without a subscriber, counted in the broker's own process: undefined where that is Mosquitto. */
  readonly inBrokerPerSec: number | undefined;
  readonly messages: number;
}

/** How long all messages may take, in milliseconds. */
const LIMIT = 120_000;
/** As long as the topics of links are: the number of a publisher is short, a UUID long. */
const TOPICS = `kraken/1/bench/${"p".repeat(36)}/${"c".repeat(32)}/+`;

/**
 * Publishes messages of one size through a broker with bare clients of mqtt.js: as many connections as there were agents,
 * in as many processes.
 *
 * @param options `url`: the broker; undefined for a bare aedes in a process of its own. `split`: how many publishers each
 * process has.
 */
export async function measureFloor(
  options: {
    readonly url: string | undefined;
    readonly split: readonly number[];
    readonly messages: number;
    /** Of a message. */
    readonly bytes: number;
    readonly folder: string;
    readonly signal: AbortSignal;
  },
): Promise<Floor> {
  const { split, messages, bytes, folder, signal } = options;
  const peers: Peer[] = [];
  async function start(name: string): Promise<Peer> {
    const peer = await startPeer({ file: "floor/main.ts", logFile: join(folder, `${name}.log`), signal });
    peers.push(peer);
    return peer;
  }
  async function run(publishers: readonly Peer[], receiver: Peer): Promise<number> {
    await receiver.ask(FLOOR.reset, {});
    const shares = split.map((count) => Math.floor(messages * count / split.reduce((sum, each) => sum + each, 0)));
    const total = shares.reduce((sum, each) => sum + each, 0);
    const received = receiver.ask(FLOOR.received, { messages: total, limit: LIMIT });
    await Promise.all(
      publishers.map((peer, place) => peer.ask(FLOOR.publish, { messages: shares[place] ?? 0, bytes })),
    );
    const { ms } = await received;
    return Math.round(total / ms * 1000);
  }
  try {
    const broker = options.url === undefined ? await start("floor-broker") : undefined;
    const port = await broker?.ask(FLOOR.listen, {});
    const url = options.url ?? `mqtt://127.0.0.1:${port?.port}`;
    const publishers: Peer[] = [];
    let first = 0;
    for (const [place, count] of split.entries()) {
      const peer = await start(`floor-publishers-${place}`);
      await peer.ask(FLOOR.connect, { url, topics: TOPICS, first, count });
      first += count;
      publishers.push(peer);
    }
    const alone = broker === undefined ? undefined : await run(publishers, broker);
    const subscriber = await start("floor-subscriber");
    await subscriber.ask(FLOOR.subscribe, { url, filter: TOPICS });
    await run(publishers, subscriber); // a warm-up
    return { perSec: await run(publishers, subscriber), inBrokerPerSec: alone, messages };
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()));
  }
}

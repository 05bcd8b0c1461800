import { join } from "node:path";
import { round } from "../../bench.ts";
import { type Peer, startPeer } from "../peer.ts";
import { readUse } from "../process_stats.ts";
import { FLOOR } from "./commands.ts";

/** What the broker alone gets through with bare clients. */
export interface Floor {
  /** Messages a second that one bare subscriber receives over TCP. */
  readonly perSec: number;
  /** CPU time of the broker and of that subscriber for one message, in microseconds. */
  readonly brokerUs: number;
  readonly subscriberUs: number;
  /** Messages a second without a subscriber, counted in the broker's own process, and its CPU time for one. */
  readonly inBroker: { readonly perSec: number; readonly brokerUs: number } | null;
}

/** How a number of messages went. */
interface Passage {
  readonly perSec: number;
  /** CPU time of each watched process for one message, in microseconds. */
  readonly us: readonly number[];
}

/** How long all messages may take, in milliseconds. */
const LIMIT = 120_000;
/** As long as the topics of links are: the number of a publisher is short, a UUID long. */
const TOPICS = `kraken/1/bench/${"p".repeat(36)}/${"c".repeat(32)}/+`;

/**
 * Publishes messages of one size through a broker with bare clients of mqtt.js: as many connections as there were agents,
 * in as many processes.
 *
 * @param options `broker`: undefined for a bare aedes in a process of its own. `split`: how many publishers each
 * process has.
 */
export async function measureFloor(
  options: {
    readonly broker: { readonly url: string; readonly pid: number } | undefined;
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
  async function run(publishers: readonly Peer[], receiver: Peer, watched: readonly number[]): Promise<Passage> {
    await receiver.ask(FLOOR.reset, {});
    const shares = split.map((count) => Math.floor(messages * count / split.reduce((sum, each) => sum + each, 0)));
    const total = shares.reduce((sum, each) => sum + each, 0);
    const before = watched.map(readUse);
    const received = receiver.ask(FLOOR.received, { messages: total, limit: LIMIT });
    await Promise.all(
      publishers.map((peer, place) => peer.ask(FLOOR.publish, { messages: shares[place] ?? 0, bytes })),
    );
    const { ms } = await received;
    const after = watched.map(readUse);
    return {
      perSec: Math.round(total / ms * 1000),
      us: before.map((use, place) => round(((after[place] ?? use).cpuMs - use.cpuMs) * 1000 / total)),
    };
  }
  try {
    const own = options.broker === undefined ? await start("floor-broker") : undefined;
    const port = await own?.ask(FLOOR.listen, {});
    const url = options.broker?.url ?? `mqtt://127.0.0.1:${port?.port}`;
    const brokerPid = own?.pid ?? options.broker?.pid ?? 0;
    const publishers: Peer[] = [];
    let first = 0;
    for (const [place, count] of split.entries()) {
      const peer = await start(`floor-publishers-${place}`);
      await peer.ask(FLOOR.connect, { url, topics: TOPICS, first, count });
      first += count;
      publishers.push(peer);
    }
    if (own !== undefined) await run(publishers, own, []); // a warm-up
    const alone = own === undefined ? undefined : await run(publishers, own, [brokerPid]);
    const subscriber = await start("floor-subscriber");
    await subscriber.ask(FLOOR.subscribe, { url, filter: TOPICS });
    await run(publishers, subscriber, []); // a warm-up
    const { perSec, us: [brokerUs = NaN, subscriberUs = NaN] } = await run(publishers, subscriber, [
      brokerPid,
      subscriber.pid,
    ]);
    return {
      ...{ perSec, brokerUs, subscriberUs },
      inBroker: alone === undefined ? null : { perSec: alone.perSec, brokerUs: alone.us[0] ?? NaN },
    };
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()));
  }
}

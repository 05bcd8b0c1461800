import type { Clock, Random } from "../../src/clock.ts";
import type { Metric } from "../../src/http/mod.ts";
import type { Log } from "../../src/log.ts";
import { nodeIdOf } from "../../src/state/mod.ts";
import { type Board, createBoard } from "./board.ts";
import { connectPublisher } from "./connect.ts";
import type { FollowParts, StateFollower } from "./follow.ts";
import { announcementFilters } from "./home_assistant.ts";
import { publishMetrics } from "./metrics.ts";
import type { PublishOptions } from "./options.ts";
import { createPublisher, type Publisher } from "./publisher.ts";
import { baseTopic } from "./topics.ts";

/** Publishes the state of an aggregator. */
export interface Publishing {
  /** The board that the aggregator fills. */
  readonly board: Board;
  readonly follow: Pick<FollowParts, "board" | "values" | "announcing">;
  /** What other programs may subscribe to on the embedded broker; absent for nothing. */
  readonly observed?: { readonly prefix: string; readonly board: Board };
  /** Connects to the brokers when the board is complete. */
  start(follower: StateFollower): void;
  metrics(): Metric[];
  stop(): Promise<void>;
}

/** Creates the parts for publishing. Nothing happens before `start`. */
export function createPublishing(
  options: PublishOptions & {
    readonly cluster: string;
    readonly name: string;
    readonly isRoot: boolean;
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
  },
): Publishing {
  const { urls, cluster, name, clock, random } = options;
  const log = options.log.with({ part: "publish" });
  const ownId = nodeIdOf(cluster, name);
  const board = createBoard(baseTopic(options.prefix, cluster, options.isRoot ? undefined : name));
  const announcing = options.homeAssistant === undefined
    ? undefined
    : { prefix: options.homeAssistant, cluster, aggregator: ownId, board };
  const filters = announcing === undefined ? [] : announcementFilters(announcing);
  const publishers = new Map<string, Publisher>();
  let isStopped = false;

  function connect(follower: StateFollower): void {
    if (isStopped) return;
    for (const url of urls) {
      const connection = { url, cluster, aggregator: name, ownId, topics: board, filters, clock, random, log };
      const publisher = createPublisher({
        ...{ board, clock, log, perSecond: options.perSecond, recall: follower.recall },
        connect: (events) => connectPublisher(connection, events),
      });
      publishers.set(new URL(url).host, publisher);
    }
  }
  return {
    board,
    follow: { board, values: options.values, ...(announcing !== undefined && { announcing }) },
    ...(options.isEmbedded && { observed: { prefix: options.prefix, board } }),
    start: (follower) => void follower.complete.then(() => connect(follower)),
    metrics: () => publishMetrics(board, publishers),
    async stop() {
      isStopped = true;
      await Promise.all([...publishers.values()].map((publisher) => publisher.stop()));
    },
  };
}

import type { Figure } from "../../src/http/mod.ts";
import type { Board } from "./board.ts";
import type { Publisher } from "./publisher.ts";

/** Returns the metrics of publishing. @param publishers By host and port of the broker. */
export function publishMetrics(board: Board, publishers: ReadonlyMap<string, Publisher>): Figure[] {
  const all = [...publishers].map(([broker, { counts }]) => ({ labels: { broker }, counts }));
  const each = (of: (counts: Publisher["counts"]) => number): Figure["samples"] =>
    all.map(({ labels, counts }) => ({ labels, value: of(counts) }));
  const own: Figure = {
    ...{ name: "publish_topics", type: "gauge", help: "Retained topics of the published state" },
    samples: [{ value: board.size }],
  };
  if (all.length === 0) return [own];
  return [
    own,
    {
      ...{ name: "publish_up", type: "gauge", help: "1 while a broker to which state is published is connected" },
      samples: each(({ isUp }) => isUp ? 1 : 0),
    },
    {
      ...{ name: "publish_waiting", type: "gauge", help: "Topics and events that wait to be published" },
      samples: each(({ waiting }) => waiting),
    },
    {
      ...{ name: "publish_messages_total", type: "counter", help: "Messages that the broker accepted" },
      samples: each(({ published }) => published),
    },
    {
      ...{ name: "publish_refused_total", type: "counter", help: "Messages that the broker refused" },
      samples: each(({ refused }) => refused),
    },
    {
      ...{
        name: "publish_dropped_events_total",
        type: "counter",
        help: "Events dropped because the broker was too slow",
      },
      samples: each(({ droppedEvents }) => droppedEvents),
    },
  ];
}

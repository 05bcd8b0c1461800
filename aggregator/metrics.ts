import process from "node:process";
import type { Figure } from "../src/http/mod.ts";
import type { TransportCounts } from "../src/mqtt/mod.ts";
import type { AggregatorCounts } from "./types.ts";

/**
 * Reads the metrics of an aggregator: states of links, waiting work, and failures.
 *
 * @param parts The sources.
 */
export function readMetrics(parts: {
  readonly counts: AggregatorCounts;
  /** Counters of the transport to the children. */
  readonly down: TransportCounts;
  /** Counters of the transport to the parent; undefined at the root. */
  readonly up: TransportCounts | undefined;
}): Figure[] {
  const { counts, down, up } = parts;
  const { children, engine } = counts;
  const { aggregators, lost, ...nodes } = counts.subtree;
  return [
    {
      name: "nodes",
      type: "gauge",
      help: "Nodes below this aggregator, by state; a node may count several times",
      samples: Object.entries(nodes).map(([state, value]) => ({ labels: { state }, value })),
    },
    gauge("aggregators", "Aggregators below this one", aggregators),
    gauge("aggregators_lost", "Aggregators below this one that are not heard", lost),
    gauge("frozen", "1 while everything is frozen", counts.isFrozen ? 1 : 0),
    gauge("engine_late", "Nodes that are served here and on which something takes longer than expected", engine.late),
    gauge(
      "engine_waiting",
      "Nodes that are served here and wait for a limit, an invariant or a handler",
      engine.waiting,
    ),
    {
      name: "links",
      type: "gauge",
      help: "Links to children, by state",
      samples: Object.entries(children.links).map(([state, value]) => ({ labels: { state }, value })),
    },
    gauge("waiting_births", "Children that wait to be accepted", children.births),
    gauge("waiting_windows", "Links with a window of changes that the child has not acknowledged", children.windows),
    ...(counts.upWaiting === undefined
      ? []
      : [gauge("waiting_up", "1 while the parent has not acknowledged a window of changes", counts.upWaiting ? 1 : 0)]),
    gauge("waiting_documents", "Documents with changes that are not on disk", counts.unsavedDocuments),
    gauge("waiting_events", "Events that are not on disk", counts.unsavedEvents),
    counter("events_dropped_total", "Events dropped because the log was full", counts.droppedEvents),
    gauge("store_failing", "1 while the store takes no writes", counts.store.isFailing ? 1 : 0),
    counter("store_failures_total", "Writes to the store that failed", counts.store.failures),
    gauge(
      "broker_lost",
      "1 while the broker between this aggregator and its children cannot be reached",
      counts.broker.isLost ? 1 : 0,
    ),
    counter(
      "broker_losses_total",
      "How often that broker was lost, or could not be reached at first",
      counts.broker.losses,
    ),
    ...(counts.uplink === undefined ? [] : [
      gauge(
        "uplink_lost",
        "1 while the broker between this aggregator and its parent cannot be reached",
        counts.uplink.isLost ? 1 : 0,
      ),
      counter(
        "uplink_losses_total",
        "How often that broker was lost, or could not be reached at first",
        counts.uplink.losses,
      ),
    ]),
    gauge("troubles", "What keeps this program from its work now: /healthz says what", counts.troubles),
    gauge("warnings", "What a person should look at now: /healthz says what", counts.warnings),
    gauge("documents", "Node documents in memory", counts.documents),
    gauge("event_listeners", "Followers of the event log, this program included", counts.listeners),
    counter("retransmits_total", "Windows that were sent again", children.retransmits),
    counter("dropped_frames_total", "Frames without a session", children.droppedFrames),
    counter("dropped_values_total", "Values that their sender may not write", children.droppedValues),
    counter("plans_total", "Plans made", engine.plans),
    counter("mutations_total", "Mutations started", engine.mutations),
    counter("retries_total", "Mutations retried", engine.retries),
    counter("failures_total", "Mutations that failed", engine.failures),
    ...messageMetrics(up === undefined ? [["down", down]] : [["down", down], ["up", up]]),
  ];
}

/** What the transports have counted, by the way that messages go. */
function messageMetrics(ways: readonly (readonly [way: string, counts: TransportCounts])[]): Figure[] {
  const perWay = (
    name: string,
    type: Figure["type"],
    help: string,
    of: (counts: TransportCounts) => number,
  ): Figure => ({ name, type, help, samples: ways.map(([way, each]) => ({ labels: { way }, value: of(each) })) });
  return [
    perWay(
      "waiting_messages",
      "gauge",
      "Messages that the broker has not acknowledged or, if embedded, not delivered",
      (each) => each.waiting,
    ),
    {
      ...perWay("waiting_bytes", "gauge", "Bytes of these messages", (each) => each.waitingBytes),
      unit: "bytes",
    },
    perWay("messages_sent_total", "counter", "Messages sent", (each) => each.sent),
    perWay("messages_unsent_total", "counter", "Messages that could not be sent", (each) => each.unsent),
    perWay("messages_received_total", "counter", "Messages received", (each) => each.received),
    perWay(
      "messages_malformed_total",
      "counter",
      "Messages that were not a frame of their topic",
      (each) => each.malformed,
    ),
  ];
}

/** Returns the metrics of this process, and what it is. */
export function programMetrics(
  { cluster, name, version, isRoot }: {
    readonly cluster: string;
    readonly name: string;
    readonly version: string;
    readonly isRoot: boolean;
  },
): Figure[] {
  const { user, system } = process.cpuUsage();
  const startedAt = Math.round(Date.now() - process.uptime() * 1000) / 1000;
  return [
    {
      ...{ name: "aggregator_info", type: "gauge", help: "1, with what this aggregator is" },
      samples: [{ labels: { cluster, name, version, role: isRoot ? "root" : "below" }, value: 1 }],
    },
    { ...gauge("start_time_seconds", "When this program was started, since 1970", startedAt), unit: "seconds" },
    { ...gauge("resident_memory_bytes", "Memory of this program", process.memoryUsage().rss), unit: "bytes" },
    {
      ...counter("cpu_seconds_total", "Processor time of this program", (user + system) / 1_000_000),
      unit: "seconds",
    },
  ];
}

function gauge(name: string, help: string, value: number): Figure {
  return { name, type: "gauge", help, samples: [{ value }] };
}

function counter(name: string, help: string, value: number): Figure {
  return { name, type: "counter", help, samples: [{ value }] };
}

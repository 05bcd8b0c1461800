/** Hears of changes of a {@link Board}. */
export interface BoardListener {
  /** The payload of a topic has changed or was removed. */
  changed(topic: string): void;
  /** An event that is published once and not retained. @param payload JSON. */
  event(payload: string): void;
}

/** The fixed topics of an aggregator. */
export interface BoardTopics {
  /** Prefix of all topics of the aggregator, without a slash at the end. */
  readonly base: string;
  /** `true` while the other topics are current: on the board when it is complete, at a broker when it has received everything. */
  readonly online: string;
  readonly events: string;
}

/**
 * The published state of an aggregator: a payload for each retained topic. Publishers remember only which topics have changed, and
 * read the newest payload from the board when they send it.
 */
export interface Board extends BoardTopics {
  /** The payload of a topic; undefined if it has none. */
  get(topic: string): string | undefined;
  readonly topics: Iterable<string>;
  readonly size: number;
  set(topic: string, payload: string): void;
  clear(topic: string): void;
  tell(event: string): void;
  /** Registers a listener. @returns A function that removes it. */
  follow(listener: BoardListener): () => void;
}

/** Creates an empty board. @param base See {@link BoardTopics}. */
export function createBoard(base: string): Board {
  const payloads = new Map<string, string>();
  const listeners = new Set<BoardListener>();
  return {
    base,
    online: `${base}/online`,
    events: `${base}/events`,
    get: (topic) => payloads.get(topic),
    get topics() {
      return payloads.keys();
    },
    get size() {
      return payloads.size;
    },
    set(topic, payload) {
      if (payloads.get(topic) === payload) return;
      payloads.set(topic, payload);
      for (const { changed } of listeners) changed(topic);
    },
    clear(topic) {
      if (!payloads.delete(topic)) return;
      for (const { changed } of listeners) changed(topic);
    },
    tell(payload) {
      for (const { event } of listeners) event(payload);
    },
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** What changes on a {@link Board}. */
export interface BoardListener {
  /** A topic has another payload now, or none. */
  changed(topic: string): void;
  /** Something happened that is told once and kept nowhere. @param payload JSON. */
  event(payload: string): void;
}

/** Where the topics of one aggregator are. */
export interface BoardTopics {
  /** What all topics of the aggregator begin with, without a slash at the end. */
  readonly base: string;
  /** `true` while what is published is current: on the board once it is complete, at a broker once that has all of it. */
  readonly online: string;
  readonly events: string;
}

/**
 * What brokers are to keep of an aggregator's state: a payload for each topic. Whoever publishes remembers only which topics have
 * changed, and takes from here what is newest when it gets to them.
 */
export interface Board extends BoardTopics {
  /** What a topic is to have; undefined for nothing. */
  get(topic: string): string | undefined;
  readonly topics: Iterable<string>;
  readonly size: number;
  set(topic: string, payload: string): void;
  clear(topic: string): void;
  tell(event: string): void;
  /** Calls back with each change. Returns a function that ends it. */
  follow(listener: BoardListener): () => void;
}

/** Makes a board that is empty. @param base See {@link BoardTopics}. */
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

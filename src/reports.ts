/** What a handler last saw of unfinished work. */
export interface Sighting {
  /** What was seen, in words for people. */
  readonly words: string;
  /**
   * What a timeout would mean now. `failed`: the subject of the work did not do what it should; `refused`: the device
   * or service of the handler did not do it, which says nothing about the node; `unavailable`: it could not be reached.
   */
  readonly ifLate: "failed" | "refused" | "unavailable";
}

/** What a handler may report while it works. */
export interface Reports {
  /**
   * Reports that it waits in a queue of the program until the returned function is called. That time does not count
   * against its timeout, up to an hour in all.
   */
  queued(): () => void;
  /** Reports what it last saw. A timeout quotes it, and is judged by it. */
  saw(sighting: Sighting): void;
  /** Adds something that people should know to the node's events, such as why force was used. */
  note(why: string): void;
}

/** Reports that are dropped. */
export const unread: Reports = { queued: () => () => {}, saw() {}, note() {} };

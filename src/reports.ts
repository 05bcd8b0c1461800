/** What a handler has seen last of work that is not done yet. */
export interface Sighting {
  /** In words, for people: what was seen, in the words of what was asked. */
  readonly words: string;
  /**
   * What it means if the time is over now. `failed`: what the work is about did not do what it should; `refused`: what the
   * handler works with did not do it, which says nothing of the node; `unavailable`: it could not be asked at all.
   */
  readonly ifLate: "failed" | "refused" | "unavailable";
}

/** What a handler may tell of its work while it does it. */
export interface Reports {
  /**
   * It stands in a queue of the program's own from now until the returned function is called. That time does not count
   * against its timeout, up to an hour in all.
   */
  queued(): () => void;
  /** Tells what it has seen last. A timeout quotes it, and is judged by it. */
  saw(sighting: Sighting): void;
  /** Puts something that people should know into the node's events, such as why force was used. */
  note(why: string): void;
}

/** Reports that nobody reads. */
export const unread: Reports = { queued: () => () => {}, saw() {}, note() {} };

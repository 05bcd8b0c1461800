/** Settings of an engine. Times are in milliseconds. */
export interface EngineOptions {
  /** Attempts before a mutation is held. @default 5 */
  readonly maxAttempts: number;
  /** Pause before the second attempt; doubles with each. @default 1000 */
  readonly backoffBase: number;
  /** Longest pause between attempts. @default 300000 */
  readonly backoffCap: number;
  /** A success that is lost within this time counts as a failure. @default 60000 */
  readonly settle: number;
  /** Longest time between two looks at a node. @default 60000 */
  readonly resync: number;
  /** How long a handler that does not return delays the next run of its mutation on its node. @default 30000 */
  readonly grace: number;
  /** Longest time that the engine occupies the event loop without a pause. @default 10 */
  readonly slice: number;
}

/** The default settings of an engine. */
export const defaultEngineOptions: EngineOptions = {
  maxAttempts: 5,
  backoffBase: 1000,
  backoffCap: 300_000,
  settle: 60_000,
  resync: 60_000,
  grace: 30_000,
  slice: 10,
};

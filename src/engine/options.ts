/** Settings of an engine. Every time is in milliseconds. */
export interface EngineOptions {
  /** Attempts before a mutation is held. @default 5 */
  readonly maxAttempts: number;
  /** Wait before the second attempt; doubles with each. @default 1000 */
  readonly backoffBase: number;
  /** Longest wait between attempts. @default 300000 */
  readonly backoffCap: number;
  /** A success that is lost within this time counts as a failure. @default 60000 */
  readonly settle: number;
  /** Every node is looked at again at least this often. @default 60000 */
  readonly resync: number;
  /** How long a handler that does not return holds up the next run of its mutation on its node. @default 30000 */
  readonly grace: number;
  /** Longest that reconciling keeps the event loop for itself. @default 10 */
  readonly slice: number;
}

/** The settings of an engine where nothing else is asked for. */
export const defaultEngineOptions: EngineOptions = {
  maxAttempts: 5,
  backoffBase: 1000,
  backoffCap: 300_000,
  settle: 60_000,
  resync: 60_000,
  grace: 30_000,
  slice: 10,
};

import type { LoggedEvent } from "./types.ts";

/**
 * Makes sure that events come in the order of their ids, above what is stored.
 *
 * @throws {RangeError} When they don't.
 */
export function checkEventOrder(last: number, events: readonly LoggedEvent[]): void {
  let before = last;
  for (const { id } of events) {
    if (id <= before) throw new RangeError(`Cannot write event ${id} to the store: expected an id above ${before}`);
    before = id;
  }
}

/** The highest packet identifier; 0 is none (MQTT 3.1.1, section 2.3.1). */
const MAX_ID = 0xffff;

/**
 * The packet identifier after the last one that is not in use.
 *
 * @param last 0 to 65,535.
 * @param used Those that wait for an acknowledgement: fewer than 65,535, as what is under way is bounded.
 */
export function nextPacketId(last: number, used: { has(id: number): boolean }): number {
  let id = last;
  do id = id % MAX_ID + 1; while (used.has(id));
  return id;
}

/** Something that the aggregator's event log says. */
export interface SeenEvent {
  readonly id: number;
  /** ISO 8601. */
  readonly time: string;
  readonly node: string;
  readonly kind: string;
  readonly why: string;
}

/** When a node's first boot came how far: milliseconds from the power, of that itself from the start. */
export interface NodeTimings {
  readonly name: string;
  /** From the wish to the controller's word that the power is on. */
  readonly powerOnMs?: number;
  /** Until its firmware took an address. */
  readonly dhcpMs?: number;
  /** Until it had kernel and initramfs. */
  readonly kernelMs?: number;
  /** Until its agent was heard. */
  readonly agentMs?: number;
  /** Until the link to its agent was level. */
  readonly syncMs?: number;
}

/** What is seen of each step, in order. */
const STEPS = [
  ["powerOnMs", "/physState", "POWER_ON"],
  ["dhcpMs", "/pxe/state", "DHCP"],
  ["kernelMs", "/pxe/state", "INIT"],
  ["agentMs", "/runState", "INIT"],
  ["syncMs", "/runState", "SYNC"],
] as const;

/**
 * Reads the timings of a node's boot out of the event log: of the last one, where it took several.
 *
 * @param started When the nodes were asked for, in milliseconds since 1970.
 */
export function readTimings(name: string, events: readonly SeenEvent[], started: number): NodeTimings {
  const own = events.filter((event) => event.node === name && event.kind === "discovered");
  const on = own.findLast(({ why }) => isChange(why, "/physState", "POWER_ON"));
  if (on === undefined) return { name };
  const power = Date.parse(on.time);
  const found = STEPS.flatMap(([key, url, value]) => {
    const event = own.find(({ id, why }) => id >= on.id && isChange(why, url, value));
    if (event === undefined) return [];
    return [[key, Date.parse(event.time) - (key === "powerOnMs" ? started : power)] as const];
  });
  return { name, ...Object.fromEntries(found) };
}

function isChange(why: string, url: string, value: string): boolean {
  const [, changed, now] = /^(\S+): \S+ -> (\S+)/.exec(why) ?? [];
  return changed === url && now === value;
}

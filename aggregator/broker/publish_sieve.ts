/** A PUBLISH packet that is not retained (MQTT 3.1.1, section 3.3). */
export interface PlainPublish {
  /** UTF-8. */
  readonly topic: Uint8Array;
  readonly payload: Uint8Array;
  /** 1 to 65535: QoS 1, to be acknowledged. Undefined: QoS 0. */
  readonly id: number | undefined;
}

const PUBLISH = 3;
/** Flags of the first byte (section 3.3.1). DUP is ignored, because frames may arrive twice anyway. */
const DUP = 0b1000;
const QOS_1 = 0b0010;

/**
 * Removes plain PUBLISH packets from the beginning of some bytes, up to the first packet that is another one,
 * incomplete, malformed, or refused.
 *
 * @param bytes They begin with a packet.
 * @param take Receives parts of `bytes`, not copies. @returns Whether it has accepted the packet.
 * @returns The rest, which begins with a packet as well; undefined if there is none.
 */
export function sievePublishes(
  bytes: Uint8Array,
  take: (publish: PlainPublish) => boolean,
): Uint8Array | undefined {
  let at = 0;
  while (at < bytes.length) {
    const first = bytes[at] ?? 0;
    const flags = first & 0x0f & ~DUP;
    if (first >> 4 !== PUBLISH || (flags !== 0 && flags !== QOS_1)) break;
    let body = at + 1;
    let length = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const digit = bytes[body++] ?? 0x80;
      length |= (digit & 0x7f) << shift;
      if (digit < 0x80) break;
      if (shift === 21) return bytes.subarray(at); // the length continues, or is not complete yet
    }
    const end = body + length;
    if (end > bytes.length) break;
    const publish = readPublish(bytes, body, end, flags === QOS_1);
    if (publish === undefined || !take(publish)) break;
    at = end;
  }
  if (at === 0) return bytes;
  return at < bytes.length ? bytes.subarray(at) : undefined;
}

/**
 * Parses variable header and payload (sections 3.3.2 and 3.3.3). @returns Undefined if they do not fit into the packet.
 */
function readPublish(bytes: Uint8Array, start: number, end: number, hasId: boolean): PlainPublish | undefined {
  const topic = start + 2;
  const afterTopic = topic + (((bytes[start] ?? 0) << 8) | (bytes[start + 1] ?? 0));
  const payload = afterTopic + (hasId ? 2 : 0);
  if (payload > end) return undefined;
  const id = hasId ? ((bytes[afterTopic] ?? 0) << 8) | (bytes[afterTopic + 1] ?? 0) : undefined;
  if (id === 0) return undefined;
  return { topic: bytes.subarray(topic, afterTopic), payload: bytes.subarray(payload, end), id };
}

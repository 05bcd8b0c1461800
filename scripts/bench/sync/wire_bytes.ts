/** Bytes of an MQTT PUBLISH of QoS 1 and of the PUBACK that answers it (MQTT 3.1.1, 3.3 and 3.4), without TCP and IP. */
export function publishBytes(topic: string, payloadBytes: number): number {
  const rest = 2 + topic.length + 2 + payloadBytes; // topics are ASCII
  let lengthBytes = 1;
  for (let left = rest; left >= 128; left = Math.floor(left / 128)) lengthBytes++;
  return 1 + lengthBytes + rest + PUBACK_BYTES;
}

const PUBACK_BYTES = 4;

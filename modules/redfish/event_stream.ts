import { isRecord } from "../../src/state/mod.ts";
import { link, parseResource } from "./resources.ts";

/** The largest event to read, in characters. */
export const MAX_EVENT: number = 256 * 1024;
/** The largest number of records of one event to read. */
const MAX_RECORDS = 100;

/**
 * Reads from the event `data` (DSP0268, Event) the URIs of the resources that it is about. Empty: it does not say.
 * Undefined: it is not such an event, but for example a report of readings.
 */
export function readOrigins(data: string): readonly string[] | undefined {
  const records = parseResource(data)?.["Events"];
  if (!Array.isArray(records)) return undefined;
  return records.slice(0, MAX_RECORDS).filter(isRecord).map((record) => {
    const origin = record["OriginOfCondition"];
    return typeof origin === "string" ? origin : link(origin);
  }).filter((origin) => origin !== undefined);
}

/**
 * Yields the pieces of `stream` as they arrive, including keep-alive comments. It ends with `signal`, even if the other
 * end is gone without notice.
 *
 * @param arrived Called for each piece.
 */
export async function* streamPiecesOf(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  arrived: () => void,
): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  const cancel = () => void reader.cancel().catch(() => {}); // it has failed by itself
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for (let piece = await reader.read(); !piece.done && !signal.aborted; piece = await reader.read()) {
      arrived();
      yield piece.value;
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

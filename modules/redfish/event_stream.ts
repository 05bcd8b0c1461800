import { isRecord } from "../../src/state/mod.ts";
import { link, parseResource } from "./resources.ts";

/** The largest event that is read, in characters. */
export const MAX_EVENT: number = 256 * 1024;
/** The most records of one event that are looked at. */
const MAX_RECORDS = 100;

/**
 * What an event (DSP0268, Event) is about: the URIs of the resources where something happened. Empty: it does not say.
 * Undefined: it is no such event, but say a report of readings.
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
 * The pieces of a stream as they arrive, keep-alive comments included. It ends with the signal, also where the other end has
 * gone without a word.
 *
 * @param arrived Told of each piece.
 */
export async function* piecesOf(
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

/**
 * Reads a body to its end.
 *
 * @param body Null stands for an empty one, as in a `Response`.
 * @param limit The most bytes that are read.
 * @returns Undefined when there are more: the rest is not read, and a stream is cancelled.
 * @throws What the stream fails with.
 */
export async function readUpTo(body: AsyncIterable<Uint8Array> | null, limit: number): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body ?? []) {
    size += piece.byteLength;
    if (size > limit) return undefined;
    pieces.push(piece);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}

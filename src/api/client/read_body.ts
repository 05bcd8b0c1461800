import { readUpTo } from "../../toolkit/mod.ts";

/** The largest answer that is taken in, in bytes. */
const MAX_BODY = 256 * 1024 * 1024;

/**
 * Reads the text of an answer.
 *
 * @throws {RangeError} When it is larger than the limit.
 */
export async function readBody(response: Response, limit: number = MAX_BODY): Promise<string> {
  const bytes = await readUpTo(piecesOf(response), limit);
  if (bytes === undefined) throw new RangeError(`it is larger than ${limit} bytes`);
  return new TextDecoder().decode(bytes);
}

/** The pieces of an answer's body as they come. Not every browser iterates over a stream. */
export async function* piecesOf({ body }: Response): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {}); // it has failed already
  }
}

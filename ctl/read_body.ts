/** The largest answer that is taken in, in bytes. */
const MAX_BODY = 256 * 1024 * 1024;

/**
 * Reads the text of an answer.
 *
 * @throws {RangeError} When it is larger than the limit.
 */
export async function readBody(response: Response, limit: number = MAX_BODY): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let size = 0;
  for await (const piece of response.body) {
    size += piece.byteLength;
    if (size > limit) throw new RangeError(`it is larger than ${limit} bytes`);
    parts.push(decoder.decode(piece, { stream: true }));
  }
  parts.push(decoder.decode());
  return parts.join("");
}

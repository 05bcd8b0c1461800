import { readUpTo } from "../src/toolkit/mod.ts";

/** The largest answer that is taken in, in bytes. */
const MAX_BODY = 256 * 1024 * 1024;

/**
 * Reads the text of an answer.
 *
 * @throws {RangeError} When it is larger than the limit.
 */
export async function readBody(response: Response, limit: number = MAX_BODY): Promise<string> {
  const bytes = await readUpTo(response.body, limit);
  if (bytes === undefined) throw new RangeError(`it is larger than ${limit} bytes`);
  return new TextDecoder().decode(bytes);
}

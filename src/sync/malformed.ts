import { MAX_INTEGER } from "../state/mod.ts";

/** What is wrong with a frame, and where in it. */
export class MalformedFrame extends Error {
  override readonly name = "MalformedFrame";
}

/**
 * Refuses a frame: names the place in it, what was there and what was expected.
 *
 * @throws {MalformedFrame} Always.
 */
export function fail(where: string, found: unknown, expected: string): never {
  const shown = found === undefined ? "missing" : JSON.stringify(found)?.slice(0, 80);
  throw new MalformedFrame(`${where} is ${shown}: expected ${expected}`);
}

/** Tells whether something is an integer from 0 to 2^32-1. */
export function isCount(value: unknown): value is number {
  return Number.isInteger(value) && typeof value === "number" && value >= 0 && value <= MAX_INTEGER;
}

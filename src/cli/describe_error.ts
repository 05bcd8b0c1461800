import { describeSystemError } from "../system_error.ts";
import { cleanText, cutText } from "./table.ts";
import { errorText } from "../toolkit/mod.ts";

/** The environment variable that asks for whole stacks: for those who look for a defect. */
export const STACK_VARIABLE = "KRAKEN_STACK";
/** How many places of a stack a line names. */
const PLACES = 4;
/** The longest line, in characters. */
const MAX_LINE = 2_000;

/**
 * Describes in one line the error with which a program ends. An expected error is described by its message alone; a
 * defect also by its places in the code, instead of a stack trace.
 *
 * @param error Anything that was thrown.
 * @param isExpected Whether its message was written for people.
 */
export function describeError(error: unknown, isExpected = false): string {
  const message = errorText(error);
  const text = isExpected ? message : describeSystemError(error) ?? describeDefect(error, message);
  return cutText(cleanText(text), MAX_LINE);
}

function describeDefect(error: unknown, message: string): string {
  const name = error instanceof Error ? error.name : typeof error;
  const places = error instanceof Error ? placesOf(error.stack ?? "") : [];
  const where = places.length === 0 ? "" : ` (at ${places.join(" < ")})`;
  return `Unexpected ${name}: ${message}${where}. This is a defect of Kraken: report this line; ` +
    `with ${STACK_VARIABLE}=1 it shows more`;
}

/** The innermost places of a stack, as `program.ts:12:7`. */
function placesOf(stack: string): string[] {
  const found = stack.split("\n").flatMap((line) => /([^/\\\s(]+:\d+:\d+)\)?$/.exec(line.trim())?.[1] ?? []);
  return found.slice(0, PLACES);
}

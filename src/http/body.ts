import type { Context } from "hono";
import type { Outcome } from "./problem.ts";
import { errorText, readUpTo } from "../toolkit/mod.ts";

/** The longest body of a request that states no limit of its own, in bytes. */
const DEFAULT_LIMIT = 1024 * 1024;
/** The deepest nesting of a body. */
const MAX_DEPTH = 32;

/** What a body may be. */
export interface BodyRules {
  readonly types: readonly string[];
  /** In bytes. @default 1 MiB */
  readonly limit?: number;
  /** What an empty body without a type stands for; where absent it is refused. */
  readonly empty?: unknown;
}

/** Takes in the JSON body of a request: its type, size and depth are checked. */
export async function readJson(c: Context, rules: BodyRules): Promise<Outcome<unknown>> {
  const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== undefined ? !rules.types.includes(type) : rules.empty === undefined) return refuseType(c, type, rules);
  const limit = rules.limit ?? DEFAULT_LIMIT;
  const isTooLong = Number(c.req.header("content-length") ?? 0) > limit;
  const bytes = isTooLong ? undefined : await readUpTo(c.req.raw.body, limit);
  if (bytes === undefined) {
    return {
      ok: false,
      problem: { kind: "too-large", detail: `The body has more than ${limit} bytes: send it in parts` },
    };
  }
  if (bytes.length === 0 && rules.empty !== undefined) return { ok: true, value: rules.empty };
  return type === undefined ? refuseType(c, type, rules) : parseJson(bytes);
}

function refuseType(c: Context, type: string | undefined, rules: BodyRules): Outcome<never> {
  const found = type === undefined ? "missing" : `'${type.slice(0, 100)}'`;
  return {
    ok: false,
    problem: {
      kind: "wrong-type",
      detail: `Content-Type is ${found}: expected ${rules.types.join(" or ")}`,
      ...(c.req.method === "PATCH" ? { headers: { "accept-patch": rules.types.join(", ") } } : {}),
    },
  };
}

function parseJson(bytes: Uint8Array): Outcome<unknown> {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (error) {
    const why = errorText(error);
    return { ok: false, problem: { kind: "malformed", detail: `The body is no JSON: ${why}` } };
  }
  const fault = findFault(value, countPairs(text));
  return fault === undefined ? { ok: true, value } : { ok: false, problem: { kind: "malformed", detail: fault } };
}

/** How many times a text that is JSON gives a key a value: the colons outside its strings. */
function countPairs(text: string): number {
  let pairs = 0;
  let isText = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') isText = !isText;
    else if (character === "\\" && isText) at++;
    else if (character === ":" && !isText) pairs++;
  }
  return pairs;
}

/**
 * What is wrong with the shape of a value. Looks level by level, so that no depth is too much for it.
 *
 * @param pairs How many keys its text has: one that is given twice would silently lose a value.
 */
function findFault(value: unknown, pairs: number): string | undefined {
  let level: unknown[] = [value];
  let keys = 0;
  for (let depth = 0; depth <= MAX_DEPTH; depth += 1) {
    const objects = level.filter((part) => typeof part === "object" && part !== null);
    if (objects.length === 0) {
      return keys === pairs ? undefined : "The body has a key twice in one object: expected each once";
    }
    // Whoever copies such an object key by key would change the prototype of the copy.
    if (objects.some((part) => Object.hasOwn(part, "__proto__"))) {
      return "The body has a key '__proto__': expected none";
    }
    level = objects.flatMap((part): unknown[] => {
      const values = Object.values(part);
      if (!Array.isArray(part)) keys += values.length;
      return values;
    });
  }
  return `The body is nested deeper than ${MAX_DEPTH} levels`;
}

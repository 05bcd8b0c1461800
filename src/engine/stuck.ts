import { isRecord, type Value } from "../state/mod.ts";
import type { Stuck } from "./host.ts";

/** Reads the value of a node's `/stuck/parent` or `/stuck/self`; undefined where it is not set. */
export function readStuck(value: Value | null | undefined): Stuck | undefined {
  if (!isRecord(value)) return undefined;
  const { mutation, reason, target, attempts } = value;
  const fits = typeof mutation === "string" && typeof reason === "string" && typeof target === "string" &&
    typeof attempts === "number";
  return fits ? { mutation, reason, target, attempts } : undefined;
}

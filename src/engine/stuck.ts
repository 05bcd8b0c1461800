import { isRecord, type Value } from "../state/mod.ts";
import type { Stuck } from "./host.ts";

/** Reads `value`, a value of `/stuck/parent` or `/stuck/self`; undefined if it is unset or invalid. */
export function readStuck(value: Value | null | undefined): Stuck | undefined {
  if (!isRecord(value)) return undefined;
  const { mutation, reason, target, attempts } = value;
  const fits = typeof mutation === "string" && typeof reason === "string" && typeof target === "string" &&
    typeof attempts === "number";
  return fits ? { mutation, reason, target, attempts } : undefined;
}

import { isRecord, type Value } from "../state/mod.ts";
import type { Memo, Stuck } from "./types.ts";

/** Reads the value of a node's `/stuck/parent` or `/stuck/self`; undefined where it is not set. */
export function readStuck(value: Value | null | undefined): Stuck | undefined {
  if (!isRecord(value)) return undefined;
  const { mutation, reason, target, attempts } = value;
  const fits = typeof mutation === "string" && typeof reason === "string" && typeof target === "string" &&
    typeof attempts === "number";
  return fits ? { mutation, reason, target, attempts } : undefined;
}

const OUTS = ["NO", "TAKEN", "AWAY", "CUT"] as const;

/** Reads the value of a node's `/engine/memo`; undefined where it is not set. */
export function readMemo(value: Value | null | undefined): Memo | undefined {
  if (!isRecord(value)) return undefined;
  const { reached } = value;
  const out = OUTS.find((each) => each === value["out"]);
  return typeof reached === "string" && out !== undefined ? { reached, out } : undefined;
}

import { createHash } from "node:crypto";

/** The namespace of Kraken's node ids: a version 4 UUID made once for this purpose. */
const NAMESPACE = "8f0e7a86-1f2b-4d0c-9c9e-6b1f4a6c2e55";
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Labels between dots, as host names have them (RFC 952), each of which begins and ends with a letter or a digit. */
const NAME = /^(?=.{1,64}$)[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)*$/;

/** Names one run of a program. */
const RUN_NAME = /^[A-Za-z0-9-]{1,64}$/;

/** Tells whether `text` is a UUID in lower case (RFC 9562, section 4), of any version. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** Tells whether `text` names a run of a program, that is a process: 1 to 64 letters, digits and `-`. */
export function isRunName(text: string): boolean {
  return RUN_NAME.test(text);
}

/**
 * Reads a UUID in upper or lower case (RFC 9562, section 4).
 *
 * @param text Any text.
 * @returns The UUID in lower case; undefined if the text is not a UUID.
 */
export function parseUuid(text: string): string | undefined {
  const lower = text.toLowerCase();
  return UUID.test(lower) ? lower : undefined;
}

/**
 * Tells whether `text` can name a node or a cluster: 1 to 64 letters, digits, `_`, `.` and `-`. Each part between dots
 * begins and ends with a letter or a digit, as in host names (RFC 952).
 */
export function isNodeName(text: string): boolean {
  return NAME.test(text);
}

/**
 * Derives the id of a node whose inventory states none: the version 5 UUID (RFC 9562, section 5.5) of its cluster and
 * name. The same inventory therefore gives the same ids.
 *
 * @param cluster The cluster's name.
 * @param name The node's name.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { isUuid, nodeIdOf } from "../src/state/mod.ts";
 *
 * const id = nodeIdOf("demo", "n1");
 * assert(isUuid(id) && id === nodeIdOf("demo", "n1"));
 * ```
 */
export function nodeIdOf(cluster: string, name: string): string {
  const namespace = Buffer.from(NAMESPACE.replaceAll("-", ""), "hex");
  const hash = createHash("sha1").update(namespace).update(`${cluster}/${name}`).digest();
  const bytes = hash.subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

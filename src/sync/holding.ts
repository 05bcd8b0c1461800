import { createHash } from "node:crypto";
import type { Facet } from "../state/mod.ts";
import { MAX_PARTS } from "./limits.ts";

/**
 * What a child has of what its parent tells it, in short: the parent need not say again what both have. Digests are of URLs and
 * versions, as a version has one value; an empty text stands for nothing.
 */
export interface Holding {
  /** The cfg of all documents, in parts: those of one part have the same {@link partOf}. */
  readonly cfg: readonly string[];
  /** The `parent` facet of the child's own document, but for {@link OF_EACH_LINK}. */
  readonly parent: string;
}

/** What a parent says of its link to a child: no two links have it in common. */
export const OF_EACH_LINK = "/link";

/** A document, as far as a holding tells of it. */
export interface HeldDocument {
  readonly id: string;
  readonly cfg: Facet;
  readonly parent: Facet;
}

/** Bytes of a digest: the first ones of a SHA-256. */
const DIGEST_BYTES = 12;

/** In how many parts so many documents are told of, so that one that has changed takes few others with it. */
export function partsFor(documents: number): number {
  let parts = 1;
  while (parts < documents && parts < MAX_PARTS) parts *= 2;
  return parts;
}

/** The part that a document is in, from 0. */
export function partOf(id: string, parts: number): number {
  return Number.parseInt(id.slice(0, 8), 16) % parts;
}

/** Sums documents up. @param child The child's own document. */
export function holdingOf(child: string, documents: Iterable<HeldDocument>, parts: number): Holding {
  const sums = new Map<number, Uint8Array>();
  let parent = "";
  for (const document of documents) {
    const { id, cfg } = document;
    if (id === child) parent = textOf(digest(id, document.parent));
    const own = digest(id, cfg);
    if (own === undefined) continue;
    const part = partOf(id, parts);
    const sum = sums.get(part);
    if (sum === undefined) sums.set(part, own.slice());
    else for (let at = 0; at < DIGEST_BYTES; at++) sum[at] = (sum[at] ?? 0) ^ (own[at] ?? 0);
  }
  return { cfg: Array.from({ length: parts }, (_, part) => textOf(sums.get(part))), parent };
}

/** What two holdings have in common, with nothing in place of everything else; undefined where that is nothing at all. */
export function commonOf(a: Holding, b: Holding): Holding | undefined {
  const cfg = a.cfg.map((each, part) => each === b.cfg[part] ? each : "");
  const parent = a.parent === b.parent ? a.parent : "";
  return parent !== "" || cfg.some((each) => each !== "") ? { cfg, parent } : undefined;
}

/** Whether something has all of what is told in common. */
export function covers(holding: Holding, common: Holding): boolean {
  return (common.parent === "" || common.parent === holding.parent) &&
    common.cfg.every((each, part) => each === "" || each === holding.cfg[part]);
}

/** Digests that were worked out: a facet never changes, and is of one document. */
const known = new WeakMap<Facet, Uint8Array>();

function digest(id: string, facet: Facet): Uint8Array | undefined {
  const before = known.get(facet);
  if (before !== undefined) return before;
  const lines = [...facet].filter(([url]) => url !== OF_EACH_LINK).map(([url, { version }]) =>
    `${url} ${version[0]} ${version[1]}\n`
  );
  if (lines.length === 0) return undefined;
  const hash = createHash("sha256").update(`${id}\n${lines.sort().join("")}`).digest();
  const made = Uint8Array.from(hash.subarray(0, DIGEST_BYTES));
  known.set(facet, made);
  return made;
}

function textOf(digest: Uint8Array | undefined): string {
  let text = "";
  for (const byte of digest ?? []) text += byte.toString(16).padStart(2, "0");
  return text;
}

import { createHash } from "node:crypto";
import { canonicalText, type Facet } from "../state/mod.ts";
import { MAX_PARTS } from "./limits.ts";

/**
 * What a child has of what its parent tells it, in short: the parent need not say again what both have. Digests are of URLs,
 * versions and values: a writer that has lost its disk may have given a version twice. An empty text stands for nothing.
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

/** Hexadecimal digits of a digest: the first ones of a SHA-256. */
const DIGITS = 24;

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
  const sums = new Map<number, bigint>();
  let parent = "";
  for (const { id, cfg, parent: facet } of documents) {
    if (id === child) parent = textOf(digest(id, facet));
    const own = digest(id, cfg);
    if (own === undefined) continue;
    const part = partOf(id, parts);
    sums.set(part, (sums.get(part) ?? 0n) ^ own);
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

/** Digests that were worked out, with the documents that they are of: a facet never changes. */
const known = new WeakMap<Facet, { readonly id: string; readonly digest: bigint }>();

function digest(id: string, facet: Facet): bigint | undefined {
  const before = known.get(facet);
  if (before?.id === id) return before.digest;
  const lines: string[] = [];
  for (const [url, { value, version }] of facet) {
    if (url !== OF_EACH_LINK) {
      lines.push(`${url} ${version.assignment} ${version.run} ${version.rev} ${canonicalText(value)}\n`);
    }
  }
  if (lines.length === 0) return undefined;
  const hash = createHash("sha256").update(`${id}\n${lines.sort().join("")}`).digest("hex");
  const made = BigInt(`0x${hash.slice(0, DIGITS)}`);
  known.set(facet, { id, digest: made });
  return made;
}

function textOf(digest: bigint | undefined): string {
  return digest === undefined ? "" : digest.toString(16).padStart(DIGITS, "0");
}

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import * as v from "valibot";
import { explainSystemError } from "../../src/system_error.ts";
import type { Stored } from "./types.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** The suffix of a marker's file. */
const SUFFIX = ".owner";

/** A file beside a store's file that names its owner and its last run: it reveals a lost store. */
export interface Marker {
  readonly cluster: string;
  readonly name: string;
  /** The last run of its owner: the store has counted at least this far. */
  readonly run: number;
  /** When that run started, ISO 8601. */
  readonly started: string;
  /** Since when the store lacks what an earlier file had, ISO 8601; absent if nothing is missing. */
  readonly lost?: string;
}

const markerShape = v.object({
  cluster: v.pipe(v.string(), v.maxLength(64)),
  name: v.pipe(v.string(), v.maxLength(64)),
  run: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  started: v.pipe(v.string(), v.maxLength(32)),
  lost: v.exactOptional(v.pipe(v.string(), v.maxLength(32))),
});

/** Reads the marker beside the store `file`; undefined if there is none or it is unreadable, which proves nothing. */
export function readMarker(file: string): Marker | undefined {
  try {
    const { success, output } = v.safeParse(markerShape, JSON.parse(readFileSync(file + SUFFIX, "utf8")));
    return success ? output : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Writes `marker` beside the store `file`, completely or not at all. The run is on disk in the store before, so no
 * crash makes the marker the newer one.
 *
 * @throws {Error} If it cannot be written. The message says why.
 */
export function writeMarker(file: string, marker: Marker): void {
  const place = file + SUFFIX;
  try {
    const descriptor = openSync(`${place}.new`, "w", 0o600);
    try {
      writeSync(descriptor, `${JSON.stringify(marker)}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(`${place}.new`, place);
  } catch (error) {
    throw new Error(
      `Cannot write '${place}' in '${dirname(place)}': ${explainSystemError(error) ?? errorText(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** The result of comparing a store with its marker. */
export type Past =
  | { readonly kind: "whole" }
  /** The store has nothing of what an earlier file had. */
  | { readonly kind: "lost"; readonly since: string }
  /** The store is older than the last run: it was restored from a backup, or copied from elsewhere. */
  | { readonly kind: "older"; readonly problem: string };

/**
 * Compares the content of a store with its `marker`.
 *
 * @param stored The content.
 * @param owner The store's file, and whether it is the root's.
 */
export function comparePast(
  marker: Marker | undefined,
  stored: Stored,
  owner: { readonly file: string; readonly isRoot: boolean },
): Past {
  if (marker === undefined) return { kind: "whole" };
  const run = stored.facts.get("run");
  if (typeof run !== "number") return { kind: "lost", since: marker.started };
  if (run < marker.run) {
    const what =
      `The store '${owner.file}' is older than the last run here (run ${run} of ${marker.run}, ${marker.started})`;
    const todo = owner.isRoot
      ? "It was put back from a backup: start once with --restored"
      : "An aggregator below the root needs no backup: move its folder away and start it with an empty one";
    return { kind: "older", problem: `${what}. ${todo}` };
  }
  // Nodes created since then show that people have started a new cluster.
  const hasNodes = stored.documents.length > 1;
  return marker.lost === undefined || hasNodes ? { kind: "whole" } : { kind: "lost", since: marker.lost };
}

/** Describes the loss of the root's store `file` for people. @param since ISO 8601. */
export function describeLost(file: string, since: string): string {
  return `The store '${file}' is empty, though an aggregator had one here that was last started at ${since}. Where it was lost: ` +
    `stop this aggregator, put the last backup in its place and start once with --restored. Where the cluster begins anew: ` +
    `make its nodes, and this goes`;
}

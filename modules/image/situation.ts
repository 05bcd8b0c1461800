import type { Clock } from "../../src/clock.ts";
import type { Value } from "../../src/state/mod.ts";
import { errorText } from "../../src/toolkit/mod.ts";
import type { ImageConfig } from "./config.ts";
import type { Container } from "./container.ts";
import type { Root } from "./roots.ts";

/** The longest error text: see `/image/error`. */
const MAX_ERROR_LENGTH = 512;

/** The present state of the image. */
export type Situation = { readonly kind: "idle" | "changing" | "failed" } | Active;

/** An image that runs. */
export interface Active {
  readonly kind: "active";
  readonly root: Root;
  /** Undefined if the machine has switched to it. */
  readonly container: Container | undefined;
  /** Whether cfg asks for another image. */
  readonly outdated: boolean;
}

/** Reports a value of the image, named without the prefix `/image/`; null unsets it. */
export type DiscoverImage = (field: "state" | "progress" | "active" | "error", value: Value | null) => void;

/**
 * Reports `situation`, except while it is changing: its result is reported soon.
 *
 * @param discover Reports a value.
 */
export function showSituation(situation: Situation, discover: DiscoverImage): void {
  switch (situation.kind) {
    case "changing":
      return;
    case "idle":
    case "failed":
      discover("active", null);
      discover("progress", null);
      if (situation.kind === "idle") discover("error", null);
      return discover("state", situation.kind === "idle" ? "IDLE" : "ERROR");
    case "active":
      discover("active", situation.root.config.layers.map(({ digest }) => digest));
      if (!situation.outdated) discover("error", null);
      return discover("state", situation.outdated ? "UPDATE" : "ACTIVE");
    default:
      return situation satisfies never;
  }
}

/** Describes `error` for `/image/error`: at most 512 characters. */
export function shownError(error: unknown): string {
  return errorText(error).slice(0, MAX_ERROR_LENGTH);
}

/** Names an image in messages. */
export function imageNameOf({ layers }: ImageConfig): string {
  return `image '${layers.map(({ name }) => name).join(" + ")}'`;
}

/** Shortest time between two reports of the progress of a fetch, in milliseconds. */
const PROGRESS_INTERVAL = 1_000;

/**
 * Passes on changed percentages: at most one a second, and 100 at once.
 *
 * @param clock Measures the time.
 * @param show Receives the percentages.
 * @returns A function that takes each percentage, from 0 to 100.
 */
export function showSeldom(clock: Clock, show: (percent: number) => void): (percent: number) => void {
  let shown = { percent: -1, at: -Infinity };
  return (percent) => {
    const now = clock.now();
    const isDue = percent !== shown.percent && (percent === 100 || now - shown.at >= PROGRESS_INTERVAL);
    if (!isDue) return;
    shown = { percent, at: now };
    show(percent);
  };
}

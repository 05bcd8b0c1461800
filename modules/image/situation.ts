import type { Value } from "../../src/state/mod.ts";
import type { ImageConfig } from "./config.ts";
import type { Container } from "./container.ts";
import type { Root } from "./roots.ts";
import { errorText } from "../../src/toolkit/mod.ts";

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
export function nameOf({ layers }: ImageConfig): string {
  return `image '${layers.map(({ name }) => name).join(" + ")}'`;
}

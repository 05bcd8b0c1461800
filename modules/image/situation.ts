import type { Value } from "../../src/state/mod.ts";
import type { ImageConfig } from "./config.ts";
import type { Container } from "./container.ts";
import type { Root } from "./roots.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** The longest error text: see `/image/error`. */
const MAX_ERROR_LENGTH = 512;

/** What is the case with the image. */
export type Situation = { readonly kind: "idle" | "changing" | "failed" } | Active;

/** An image that runs. */
export interface Active {
  readonly kind: "active";
  readonly root: Root;
  /** Undefined where the machine has switched to it. */
  readonly container: Container | undefined;
  /** Whether cfg asks for another one. */
  readonly outdated: boolean;
}

/** Shows a value of the image, named without the `/image/` before it; null takes it back. */
export type DiscoverImage = (field: "state" | "progress" | "active" | "error", value: Value | null) => void;

/** Shows what is the case; while it changes nothing, as what comes of that is shown soon. */
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

/** What went wrong, in words for `/image/error`: 512 characters at most. */
export function shownError(error: unknown): string {
  return errorText(error).slice(0, MAX_ERROR_LENGTH);
}

/** An image in words. */
export function nameOf({ layers }: ImageConfig): string {
  return `image '${layers.map(({ name }) => name).join(" + ")}'`;
}

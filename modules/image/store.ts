import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Layer } from "./config.ts";
import { fetchLayer, type FetchParts } from "./fetch_layer.ts";
import { openPartial } from "./partial.ts";

/** The files of images, by digest. Only verified files have their final names. */
export interface LayerStore {
  /** Returns the path of a layer that has been fetched. */
  fileOf(digest: string): string;
  /**
   * Fetches the missing ones of these layers, one after the other.
   *
   * @param onPercent Called with the share that is present, 0 to 100.
   * @throws {Error} See {@link fetchLayer}.
   */
  fetch(
    layers: readonly Layer[],
    parts: Omit<FetchParts, "onProgress">,
    onPercent: (percent: number) => void,
  ): Promise<void>;
  /** Removes everything except these digests, including incomplete files. */
  keep(digests: ReadonlySet<string>): void;
}

/** Opens `folder`, and creates it if it is missing. */
export function openLayerStore(folder: string): LayerStore {
  mkdirSync(folder, { recursive: true });
  const fileOf = (digest: string) => join(folder, digest);
  return {
    fileOf,
    async fetch(layers, parts, onPercent) {
      for (const [index, layer] of layers.entries()) {
        const percent = (share: number) => Math.floor((100 * (index + share)) / layers.length);
        if (!existsSync(fileOf(layer.digest))) {
          const onProgress = (done: number, total: number) => onPercent(percent(total === 0 ? 1 : done / total));
          const partial = await openPartial(fileOf(layer.digest));
          await fetchLayer(layer, partial, { ...parts, onProgress }).finally(partial.close);
        }
        onPercent(percent(1));
      }
    },
    keep(digests) {
      for (const file of readdirSync(folder)) {
        if (!digests.has(file.slice(0, 64))) rmSync(join(folder, file), { force: true });
      }
    },
  };
}

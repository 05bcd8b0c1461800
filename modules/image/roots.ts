import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../src/clock.ts";
import { bootId } from "../../src/process/mod.ts";
import { isRecord } from "../../src/state/mod.ts";
import {
  layerFolder,
  overlayCommand,
  partCommands,
  type RootFolders,
  unmountCommand,
  writableFolders,
} from "./commands.ts";
import { type ImageConfig, readImageConfig } from "./config.ts";
import { mountsBelow, readMounts, runMountCommand } from "./mounts.ts";

/** A root file system that is or was mounted. */
export interface Root extends RootFolders {
  readonly config: ImageConfig;
}

/** The root file systems of images, each in its own folder with a description of the image. */
export interface Roots {
  /** Lists all roots of this run of the program and of earlier runs since the boot. */
  list(): Root[];
  /**
   * Mounts an image from these files.
   *
   * @throws {Error} If it cannot be mounted; nothing of it is left then.
   */
  mount(config: ImageConfig, files: readonly string[]): Promise<Root>;
  /** Lists the mounts of all roots except this one as a whole: its container need not see them. */
  othersThan(root: Root): string[];
  remove(folder: string): Promise<void>;
  /** Removes every root except these, and the remains of any without a description. */
  removeOthers(kept: readonly Root[]): Promise<void>;
}

/** Opens `folder`, and creates it if it is missing. @param clock Limits how long mounting may take. */
export function openRoots(folder: string, clock: Clock): Roots {
  mkdirSync(folder, { recursive: true });

  function read(id: string): Root | undefined {
    const own = join(folder, id);
    try {
      const about: unknown = JSON.parse(readFileSync(join(own, "about.json"), "utf8"));
      if (!isRecord(about) || about["boot"] !== bootId()) return undefined;
      const config = readImageConfig(about["config"]);
      return config && { id, folder: own, root: join(own, "root"), config };
    } catch {
      return undefined; // missing or incomplete: it was never used
    }
  }
  async function remove(own: string): Promise<void> {
    for (const at of mountsBelow(readMounts(), own).reverse()) await runMountCommand(unmountCommand(at), clock);
    rmSync(own, { recursive: true, force: true });
  }
  return {
    list: () => readdirSync(folder).flatMap((id) => read(id) ?? []),
    async mount(config, files) {
      const id = `kraken-${randomUUID().slice(0, 8)}`;
      const root: Root = { id, folder: join(folder, id), root: join(folder, id, "root"), config };
      const { rw, upper, work } = writableFolders(root);
      try {
        for (const made of [root.root, rw]) mkdirSync(made, { recursive: true });
        for (const index of files.keys()) mkdirSync(layerFolder(root, index), { recursive: true });
        for (const command of partCommands(root, files)) await runMountCommand(command, clock);
        for (const made of [upper, work]) mkdirSync(made);
        await runMountCommand(overlayCommand(root, files.length), clock);
        const about = join(root.folder, "about.json");
        writeFileSync(`${about}.new`, JSON.stringify({ boot: bootId(), config }));
        renameSync(`${about}.new`, about);
        return root;
      } catch (error) {
        await remove(root.folder);
        throw error;
      }
    },
    othersThan: (root) => mountsBelow(readMounts(), folder).filter((at) => at !== root.root).reverse(),
    remove,
    async removeOthers(kept) {
      const ids = readdirSync(folder).filter((id) => !kept.some((root) => root.id === id));
      for (const id of ids) await remove(join(folder, id));
    },
  };
}

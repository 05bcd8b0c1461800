import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Arch, ARCHES } from "./arch.ts";
import { neededBy } from "./elf.ts";

/** A library or an executable, where it belongs below the root. */
export interface LinkedFile {
  readonly kind: "file";
  readonly path: string;
  readonly mode: number;
  readonly data: Uint8Array;
}

/** Executables with everything that they are linked with. */
export interface Closure {
  readonly files: readonly LinkedFile[];
  /** The path of the loader; empty where all of them are static. */
  readonly loader: string;
}

/**
 * Executables with their loader and every library that they are linked with, as files below the root: libraries in
 * `lib/TRIPLET`, the loader where executables look for it.
 *
 * @param folders Unpacked packages with libraries.
 * @throws {RangeError} When a library is in none of them: names who needs it.
 */
export function closeLibraries(
  executables: readonly { readonly path: string; readonly data: Uint8Array }[],
  arch: Arch,
  folders: readonly string[],
): Closure {
  const { gnu } = ARCHES[arch];
  const files = new Map<string, LinkedFile>();
  let loaderPath = "";
  function find(library: string, who: string): string {
    const found = folders.flatMap((folder) =>
      [`lib/${gnu}`, `usr/lib/${gnu}`].map((place) => join(folder, place, library))
    )
      .find((file) => existsSync(file));
    if (found === undefined) throw new RangeError(`Cannot find the library '${library}' that '${who}' is linked with`);
    return found;
  }
  function put(path: string, data: Uint8Array): void {
    if (files.has(path)) return;
    files.set(path, { kind: "file", path, mode: 0o755, data });
    const { libraries, loader } = neededBy(data);
    const who = basename(path);
    if (loader !== undefined) {
      loaderPath = loader;
      put(loader.slice(1), readFileSync(find(basename(loader), who)));
    }
    for (const library of libraries) {
      // The loader is one of the libraries of libc; it has its place already.
      if ([...files.keys()].some((path) => basename(path) === library)) continue;
      put(`lib/${gnu}/${library}`, readFileSync(find(library, who)));
    }
  }
  for (const { path, data } of executables) put(path, data);
  return { files: [...files.values()], loader: loaderPath };
}

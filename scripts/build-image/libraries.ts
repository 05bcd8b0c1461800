import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "../build/tool.ts";

/** Where Debian's packages have libraries, below which there is one folder an architecture. */
const PLACES = ["lib", "usr/lib"];

/** What `readelf -d` and `-l` say of a file: the libraries that it is linked with, and its loader's path. */
export function parseReadelf(text: string): { readonly libraries: string[]; readonly loader: string | undefined } {
  return {
    libraries: [...text.matchAll(/\(NEEDED\)\s+Shared library: \[([^\]]+)\]/g)].flatMap(([, name]) => name ?? []),
    loader: /Requesting program interpreter: ([^\]]+)\]/.exec(text)?.[1],
  };
}

/**
 * Finds every library that some files of an unpacked tree need, and those that these need.
 *
 * @returns Paths in the tree by where they must be in the image: loaders have a path of their own.
 * @throws {RangeError} When one is not in the tree, naming who needs it.
 */
export async function librariesFor(tree: string, files: readonly string[]): Promise<Map<string, string>> {
  const folders = PLACES.flatMap((place) =>
    existsSync(join(tree, place)) ? readdirSync(join(tree, place)).map((name) => join(place, name)) : []
  );
  const found = new Map<string, string>();
  async function follow(path: string): Promise<void> {
    const { libraries, loader } = parseReadelf(await runTool(["readelf", "-W", "-d", "-l", join(tree, path)]));
    const wanted = libraries.map((name) => ({ name, at: undefined as string | undefined }));
    if (loader !== undefined) wanted.push({ name: loader.split("/").at(-1) ?? "", at: loader.slice(1) });
    for (const { name, at } of wanted) {
      const file = folders.map((folder) => join(folder, name)).find((file) => existsSync(join(tree, file)));
      if (file === undefined) throw new RangeError(`Cannot find the library '${name}' that '${path}' is linked with`);
      const place = at ?? join("lib", name);
      if (found.has(place)) continue;
      found.set(place, file);
      await follow(file);
    }
  }
  for (const file of files) await follow(file);
  return found;
}

import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Folders that hold nothing of ours. */
const FOREIGN: ReadonlySet<string> = new Set(["node_modules", "dist", ".git", ".kraken"]);

/** The files below a folder whose name ends so, as sorted paths from it with `/` between. */
export function filesBelow(root: string, ending: string): string[] {
  const found: string[] = [];
  function walk(folder: string): void {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !FOREIGN.has(entry.name)) walk(path);
      else if (entry.isFile() && entry.name.endsWith(ending)) found.push(path);
    }
  }
  walk("");
  return found.sort();
}

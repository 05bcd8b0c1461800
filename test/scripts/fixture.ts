import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Writes files (path from the root to text) into a folder of their own, and removes it after `use`. */
export async function withTree<T>(
  files: { readonly [path: string]: string },
  use: (root: string) => Promise<T> | T,
): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), "kraken-fixture-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return await use(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

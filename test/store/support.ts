import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openSqliteStore, type Store } from "../../aggregator/store/mod.ts";

/** Why tests of the SQLite store can't run here; false where they can. */
export const skipSqlite: string | false = await import("node:sqlite").then(
  () => false as const,
  () => `Node ${process.versions.node} lacks node:sqlite`,
);

/** A new folder, and what throws it away. */
export function createFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "kraken-store-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The command that runs a TypeScript file beside this one in the runtime that runs the test. */
export function commandOf(file: string): [command: string, ...args: string[]] {
  const path = fileURLToPath(new URL(file, import.meta.url));
  if ("Deno" in globalThis) {
    const config = fileURLToPath(new URL("../../deno.offline.json", import.meta.url));
    return [process.execPath, "run", "-A", "--quiet", "--no-check", "--config", config, path];
  }
  return "Bun" in globalThis ? [process.execPath, path] : [process.execPath, "--import", "tsx", path];
}

/** A SQLite store in a folder of its own, for the contract of stores. */
export function createSqliteCase() {
  const folder = createFolder();
  return {
    open: () => openSqliteStore(folder.path),
    reopen(store: Store) {
      store.close();
      return openSqliteStore(folder.path);
    },
    end: folder.remove,
  };
}

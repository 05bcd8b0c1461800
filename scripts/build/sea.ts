import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodePath, ROOT } from "../runtimes.ts";
import { isNeededByAgents, withoutItems } from "./icu_data.ts";
import { runTool } from "./tool.ts";

/** What Node looks for in itself to know that an application was injected: fixed in Node's documentation. */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

/** What a Node single-executable application is made of. */
export interface SeaParts {
  /** The CommonJS bundle. */
  readonly bundle: string;
  /** Node's executable, which may be for another architecture. */
  readonly base: string;
  /** A Node that runs here, of the same version. */
  readonly builder: string;
  /** The command that takes symbols out of `base`. */
  readonly strip: readonly string[];
  /** Whether what V8 compiles of the bundle is put in too: it starts sooner. For this machine's architecture only. */
  readonly useCodeCache: boolean;
  /** Whether ICU's data is only what agents need of it. */
  readonly forAgents: boolean;
}

/**
 * Makes a Node single-executable application: a copy of Node without symbols, with a bundle injected.
 *
 * @param file Where it goes.
 * @returns Whether Node's ICU data could be made smaller: some Nodes have none in them, but are linked with a library.
 */
export async function makeSea(file: string, parts: SeaParts): Promise<{ readonly trimmed: boolean }> {
  // Names without folders: what Node writes has them in it, and they differ from clone to clone.
  const scratch = mkdtempSync(join(tmpdir(), "kraken-sea-"));
  try {
    copyFileSync(parts.bundle, join(scratch, "main.cjs"));
    const { useCodeCache } = parts;
    const config = { main: "main.cjs", output: "main.blob", disableExperimentalSEAWarning: true, useCodeCache };
    writeFileSync(join(scratch, "sea.json"), JSON.stringify(config));
    // V8 salts its hashes by chance, and the code cache has some of them: two builds are to give the same bytes. Of its
    // flags this is one that a cache may be made with and used without.
    await runTool([parts.builder, "--random-seed=1", "--experimental-sea-config", "sea.json"], scratch);
    // Before injecting: afterwards strip would take the application for rubbish.
    await runTool([...parts.strip, "-o", file, parts.base]);
    const trimmed = parts.forAgents ? withoutItems(readFileSync(file), isNeededByAgents) : undefined;
    if (trimmed !== undefined) writeFileSync(file, trimmed);
    const postject = join(ROOT, "node_modules/postject/dist/cli.js");
    const blob = join(scratch, "main.blob");
    await runTool([nodePath(), postject, file, "NODE_SEA_BLOB", blob, "--sentinel-fuse", FUSE]);
    chmodSync(file, 0o755);
    return { trimmed: trimmed !== undefined };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

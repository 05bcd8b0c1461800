import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProgramError } from "../../src/cli/mod.ts";
import { cached, digest } from "../build/cache.ts";
import { runTool } from "../build/tool.ts";
import type { ArchNames } from "../debian/arch.ts";

/** The Node that agents are built on: the smallest of those that are maintained. */
const VERSION = "20.20.2";
/** What npm's registry says of the packages that hold Node's own binaries (SHA-512). */
const INTEGRITY: { readonly [node in ArchNames["node"]]: string } = {
  x64: "sha512-PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==",
  arm64: "sha512-LCXJnNTFiyGuYBw2gZSI5OBFMbkjAPt8sqD/NKrWoE2QmDgSubTqFng6GaNJ9EJ8HpxBMGcWWpbbcs4Vo+CnGg==",
};

/** Node's executable for an architecture, from npm's registry: the same on every machine that builds. */
export async function nodeBase(arch: ArchNames["node"]): Promise<string> {
  const name = `node-linux-${arch}`;
  return await cached(name, digest(VERSION, INTEGRITY[arch]), "", async (file) => {
    const folder = mkdtempSync(join(tmpdir(), "kraken-node-"));
    try {
      await runTool(["npm", "pack", "--silent", `${name}@${VERSION}`], folder);
      const [packed = ""] = readdirSync(folder);
      const found = `sha512-${createHash("sha512").update(readFileSync(join(folder, packed))).digest("base64")}`;
      if (found !== INTEGRITY[arch]) {
        throw new ProgramError(`Cannot take npm's ${name}@${VERSION} as it is ${found}: expected ${INTEGRITY[arch]}`);
      }
      await runTool(["tar", "-xzf", packed, "package/bin/node"], folder);
      copyFileSync(join(folder, "package/bin/node"), file);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

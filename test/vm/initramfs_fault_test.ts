import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runCommand } from "../../scripts/command.ts";
import { DENO_CONFIG, denoPath, ROOT } from "../../scripts/runtimes.ts";

const options = existsSync("/usr/bin/apt-get") ? {} : { skip: "this is no Debian machine" };

test("two builds from nothing give the same bytes, on every architecture that is built", options, async () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-twice-"));
  try {
    for (const [arch, file] of [["x86_64", "initrd.img"], ["aarch64", "initrd-aarch64.img"]] as const) {
      const built: Uint8Array[] = [];
      for (const turn of ["one", "two"]) {
        const output = join(folder, arch, turn);
        const main = join(ROOT, "scripts/build-initramfs/main.ts");
        const { code, output: said } = await runCommand(
          [denoPath(), "run", "-A", "--quiet", "--config", DENO_CONFIG, main, "--arch", arch, "--output", output],
          { env: { KRAKEN_CACHE: join(folder, arch, `cache-${turn}`) }, timeout: 600_000 },
        );
        assert.equal(code, 0, said);
        built.push(readFileSync(join(output, file)));
        rmSync(join(folder, arch, `cache-${turn}`), { recursive: true });
      }
      const [one, two] = built;
      assert.ok(one !== undefined && two !== undefined && one.length > 20_000_000);
      assert.ok(one.every((byte, at) => two[at] === byte) && one.length === two.length, `${arch}: the builds differ`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

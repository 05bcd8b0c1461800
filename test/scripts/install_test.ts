import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { installInitramfs } from "../../scripts/build-initramfs/install.ts";

test("a file is put in place whole, beside what another build has begun, and nothing else stays", () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-install-"));
  try {
    const file = join(folder, "vmlinuz");
    mkdirSync(`${file}.new`);
    for (const text of ["first", "second"]) {
      installInitramfs(new TextEncoder().encode(text), file);
      assert.equal(readFileSync(file, "utf8"), text);
    }
    assert.throws(() => installInitramfs(Uint8Array.of(1), `${file}.new`), /vmlinuz\.new/);
    assert.deepEqual(readdirSync(folder).sort(), ["vmlinuz", "vmlinuz.new"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

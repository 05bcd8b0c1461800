import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { cleanPath, openFile } from "../../aggregator/boot/open_file.ts";

test("a path stays below the root, or is none", () => {
  const cases: [string, string | undefined][] = [
    ["ipxe.efi", "ipxe.efi"],
    ["/ipxe.efi", "ipxe.efi"],
    ["//boot///./x", "boot/x"],
    ["a/..b/c..", "a/..b/c.."],
    ["%2e%2e/etc/passwd", "%2e%2e/etc/passwd"],
    ["../etc/passwd", undefined],
    ["a/../../etc/passwd", undefined],
    ["/..", undefined],
    ["a/..", undefined],
    ["..\\..\\etc\\passwd", undefined],
    ["a\0b", undefined],
    ["a\nb", undefined],
    ["a".repeat(513), undefined],
    ["", undefined],
    ["/", undefined],
    [".", undefined],
  ];
  for (const [path, expected] of cases) assert.equal(cleanPath(path), expected, JSON.stringify(path));
});

test("whatever is asked for, cleanPath() gives parts that are names", () => {
  const covered = createCoverage("paths", ["refused", "one part", "several parts"], 0.02);
  const part = fc.oneof(fc.constantFrom("..", ".", "", "\\", "%2e%2e", "..;", "~", "C:"), fc.string({ maxLength: 6 }));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.constantFrom("/", "//", "\\"), (parts, between) => {
      const path = cleanPath(parts.join(between));
      covered.saw(path === undefined ? "refused" : path.includes("/") ? "several parts" : "one part");
      if (path === undefined) return;
      assert.ok(join("/root", path).startsWith("/root/"));
      for (const name of path.split("/")) assert.ok(name !== "" && name !== "." && name !== "..");
    }),
    { numRuns: 1_000 },
  );
  covered.check();
});

test("only regular files below the root are opened, over symbolic links too", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-files-"));
  try {
    const root = join(folder, "root");
    mkdirSync(join(root, "sub"), { recursive: true });
    mkdirSync(join(folder, "root-beside"));
    writeFileSync(join(folder, "secret"), "secret");
    writeFileSync(join(folder, "root-beside", "secret"), "secret");
    writeFileSync(join(root, "sub", "file"), "hello");
    symlinkSync("sub/file", join(root, "inside"));
    symlinkSync("../secret", join(root, "outside"));
    symlinkSync(join(folder, "root-beside"), join(root, "beside"));
    symlinkSync("/dev/zero", join(root, "device"));
    symlinkSync("nowhere", join(root, "dangling"));
    symlinkSync("loop", join(root, "loop"));
    execFileSync("mkfifo", [join(root, "fifo")]);
    for (const path of ["sub/file", "/sub/file", "inside"]) {
      const file = await openFile(root, path);
      assert.ok(file, path);
      assert.equal((await file.handle.readFile()).toString(), "hello");
      assert.equal(file.size, 5);
      await file.handle.close();
    }
    const none = ["outside", "beside/secret", "device", "dangling", "loop", "fifo", "sub", "missing", "../secret"];
    none.push("sub/file/x", "%2e%2e/secret", "..\\secret", "sub/../../secret", "inside\0", join(folder, "secret"));
    for (const path of none) assert.equal(await openFile(root, path), undefined, path);
    assert.equal(await openFile(join(folder, "no-root"), "file"), undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

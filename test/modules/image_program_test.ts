import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { programIssue } from "../../modules/image/root_program.ts";
import { withFolder } from "../support/folder.ts";

test("programIssue() follows symbolic links within the root, and never out of it", async () => {
  await withFolder((folder) => {
    const root = join(folder, "root");
    mkdirSync(join(root, "usr/lib/systemd"), { recursive: true });
    mkdirSync(join(root, "sbin"));
    writeFileSync(join(root, "usr/lib/systemd/systemd"), "", { mode: 0o755 });
    writeFileSync(join(root, "usr/lib/notes"), "", { mode: 0o644 });
    writeFileSync(join(folder, "outside"), "", { mode: 0o755 });
    for (
      const [at, target] of [
        ["lib", "usr/lib"],
        ["sbin/init", "/lib/systemd/systemd"],
        ["sbin/up", "../../../../lib/./systemd/systemd"],
        ["sbin/out", "../../outside"],
        ["sbin/host", join(folder, "outside")],
        ["sbin/a", "b"],
        ["sbin/b", "a"],
      ] as const
    ) symlinkSync(target, join(root, at));
    for (const there of ["/sbin/init", "/sbin/up", "//sbin/../sbin/init", "/../lib/systemd/systemd"]) {
      assert.equal(programIssue(root, there), undefined, there);
    }
    for (const gone of ["/sbin/out", "/sbin/host", "/sbin/none", "/usr/lib/notes/x"]) {
      assert.equal(programIssue(root, gone), `there is no '${gone}' in it`);
    }
    for (const other of ["/usr/lib/notes", "/sbin", "/"]) {
      assert.equal(programIssue(root, other), `'${other}' in it is no executable file`);
    }
    assert.equal(programIssue(root, "/sbin/a"), "'/sbin/a' leads over more than 40 symbolic links");
    return Promise.resolve();
  });
});

test("programIssue() follows forty symbolic links, as the kernel does, and no more", async () => {
  await withFolder((root) => {
    writeFileSync(join(root, "l0"), "", { mode: 0o755 });
    for (let link = 1; link <= 41; link++) symlinkSync(`l${link - 1}`, join(root, `l${link}`));
    assert.equal(programIssue(root, "/l40"), undefined);
    assert.equal(programIssue(root, "/l41"), "'/l41' leads over more than 40 symbolic links");
    return Promise.resolve();
  });
});

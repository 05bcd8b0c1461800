import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, symlinkSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { builtFile, ROOT } from "../../scripts/runtimes.ts";

const BUNDLE = builtFile("krakenctl", "bundle-deno");

function run(command: string, args: readonly string[], cwd: string) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8", timeout: 120_000 });
  return { status, stdout, stderr };
}

test("bin/krakenctl runs from anywhere through a link, and hands arguments and exit code on", () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-bin-"));
  try {
    const link = join(folder, "krakenctl");
    symlinkSync(join(ROOT, "bin", "krakenctl"), link);
    assert.match(run(link, ["--version"], folder).stdout, /^krakenctl \d+\.\d+\.\d+ \(deno /);
    const wrong = run(link, ["set", "n 1"], folder);
    assert.deepEqual([wrong.status, wrong.stdout], [2, ""]);
    assert.match(wrong.stderr, /^krakenctl: Expected NODESET \/URL=VALUE \.\.\.: found 'n 1'$/m);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("bin/krakenctl makes its bundle anew when the sources are newer, and only then", () => {
  run(join(ROOT, "bin", "krakenctl"), ["--version"], ROOT);
  const long = new Date("2001-01-01T00:00:00Z");
  utimesSync(BUNDLE, long, long);
  assert.equal(run(join(ROOT, "bin", "krakenctl"), ["--version"], ROOT).status, 0);
  const made = statSync(BUNDLE).mtimeMs;
  assert.ok(made > long.getTime());
  assert.equal(run(join(ROOT, "bin", "krakenctl"), ["--version"], ROOT).status, 0);
  assert.equal(statSync(BUNDLE).mtimeMs, made);
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ownershipProblems, writeOwnership } from "../../scripts/check/ownership.ts";
import { ROOT } from "../../scripts/runtimes.ts";
import { withTree } from "./fixture.ts";

const NOW = readFileSync(join(ROOT, "docs/ownership.md"), "utf8");

test("ownershipProblems() finds tables that are not those of the code, and writeOwnership() mends them", async () => {
  const stale = NOW.replace("| owned, level | yes | |", "| owned, level | no | |");
  assert.notEqual(stale, NOW);
  await withTree({ "docs/ownership.md": stale }, (root) => {
    assert.match(ownershipProblems(root).join(), /npm run check -- --write/);
    writeOwnership(root);
    assert.deepEqual(ownershipProblems(root), []);
    assert.equal(readFileSync(join(root, "docs/ownership.md"), "utf8"), NOW);
  });
});

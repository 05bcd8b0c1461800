import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/runtimes.ts";
import { metricNames } from "./names.ts";

test("docs/reference/metrics.md lists every metric, and no other", () => {
  const page = readFileSync(join(ROOT, "docs/reference/metrics.md"), "utf8");
  const listed = page.split("\n").filter((line) => line.startsWith("| `"))
    .flatMap((line) => [...(line.split(" | ")[0] ?? "").matchAll(/`(kraken_\w+)`/g)].map(([, name]) => name ?? ""));
  assert.deepEqual([...new Set(listed)].sort(), metricNames());
});

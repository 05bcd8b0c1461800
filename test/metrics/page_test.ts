import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../../", import.meta.url);
/** Where metrics are named: by a helper's first argument, or in an object. */
const NAMED = /(?:\b(?:gauge|counter|perWay|perNode|states)\(\s*|\bname: )"([a-z]+(?:_[a-z]+)*)"/g;

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), "utf8");
}

test("docs/reference/metrics.md lists every metric, and no other", () => {
  const parts = ["", "boot/", "http/", "publish/", "telemetry/"];
  const files = [...parts.map((part) => `${part}metrics.ts`), "telemetry/telemetry.ts"];
  const code = files.map((file) => read(`aggregator/${file}`)).join("\n");
  const named = [...code.matchAll(NAMED)].map(([, name]) => `kraken_${name}`);
  const listed = read("docs/reference/metrics.md").split("\n").filter((line) => line.startsWith("| `"))
    .flatMap((line) => [...(line.split(" | ")[0] ?? "").matchAll(/`(kraken_\w+)`/g)].map(([, name]) => name ?? ""));
  assert.deepEqual([...new Set(listed)].sort(), [...new Set(named)].sort());
});

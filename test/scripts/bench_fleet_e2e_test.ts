import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { runCommand } from "../../scripts/command.ts";
import { DENO_CONFIG, denoPath, ROOT } from "../../scripts/runtimes.ts";

test("bench fleet changes the cfg of every node of a tree of four tiers, and tells what each tier spent", async () => {
  const file = join(ROOT, "scripts/bench/main.ts");
  const { code, output } = await runCommand(
    [
      denoPath(),
      "run",
      "-A",
      "--quiet",
      "--no-check",
      "--config",
      DENO_CONFIG,
      file,
      "fleet",
      "--nodes",
      "400",
      "--json",
    ],
    { cwd: ROOT, timeout: 240_000 },
  );
  assert.equal(code, 0, output);
  const figures: { readonly bench: string; readonly rows: readonly { readonly [name: string]: unknown }[] } = JSON
    .parse(
      output.slice(output.indexOf("{\n")),
    );
  assert.equal(figures.bench, "fleet");
  const [row, ...others] = figures.rows;
  assert.ok(row !== undefined && others.length === 0);
  const { nodes, racks, rows, toAgentsMs, backMs, us } = row;
  assert.deepEqual({ nodes, racks, rows }, { nodes: 400, racks: 2, rows: 1 });
  assert.ok(typeof toAgentsMs === "number" && typeof backMs === "number" && toAgentsMs > 0 && backMs > toAgentsMs);
  assert.deepEqual(Object.keys(us ?? {}), ["root", "rows", "racks", "agents"]);
  for (const [tier, spent] of Object.entries(us ?? {})) assert.ok(typeof spent === "number" && spent > 0, tier);
});

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { isGoal, schema } from "../../ctl/known.ts";
import { builtInDeclarations } from "../../modules/manifest.ts";
import { parseInventory } from "../../src/inventory/mod.ts";

const ROOT = new URL("../../", import.meta.url);

test("the manifest has every module that declares something, once", () => {
  const folders = readdirSync(new URL("modules/", ROOT), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(new URL(`modules/${entry.name}/module.ts`, ROOT)))
    .map(({ name }) => name).filter((name) => existsSync(new URL(`modules/${name}/declaration.ts`, ROOT)));
  // modules/power is what the modules of controllers share: each of those has its variables.
  const expected = folders.filter((name) => name !== "power").sort();
  assert.deepEqual(builtInDeclarations.map(({ name }) => name).sort(), expected);
});

const pages = readdirSync(new URL("docs/", ROOT), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`);
for (const page of ["README.md", ...pages]) {
  const text = readFileSync(new URL(page, ROOT), "utf8");
  const inventories = [...text.matchAll(/^```ya?ml\n([\s\S]*?)^```$/gm)].map(([, yaml = ""]) => yaml)
    .filter((yaml) => /^(?:nodes|aggregators):/m.test(yaml));
  for (const [index, yaml] of inventories.entries()) {
    test(`krakenctl takes inventory ${index + 1} of ${page}`, () => {
      const parsed = parseInventory(yaml, { schema, isGoal });
      assert.ok(parsed.ok, parsed.ok ? "" : parsed.problems.join("\n"));
      assert.ok(parsed.inventory.nodes.length + parsed.inventory.aggregators.length > 0);
    });
  }
}

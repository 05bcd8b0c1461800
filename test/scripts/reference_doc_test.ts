import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { program } from "../../aggregator/options.ts";
import { builtInDeclarations } from "../../modules/manifest.ts";
import { referenceProblems, writeReference } from "../../scripts/check/reference.ts";
import { ROOT } from "../../scripts/runtimes.ts";
import { withTree } from "./fixture.ts";

const FILES = ["aggregator", "agent", "variables", "inventory", "http"].map((name) => `docs/reference/${name}.md`);
const PAGES = new Map(FILES.map((file) => [file, readFileSync(join(ROOT, file), "utf8")]));

test("referenceProblems() finds a stale page, and writeReference() updates it", async () => {
  const stale = PAGES.get(FILES[0] ?? "")?.replace("| `--cluster NAME` |", "| `--cluster TEXT` |") ?? "";
  await withTree({ ...Object.fromEntries(PAGES), "docs/reference/aggregator.md": stale }, (root) => {
    assert.deepEqual(referenceProblems(root).length, 1);
    assert.match(referenceProblems(root).join(), /^docs\/reference\/aggregator\.md:1: .*npm run check -- --write/);
    writeReference(root);
    assert.deepEqual(referenceProblems(root), []);
    for (const [file, text] of PAGES) assert.equal(readFileSync(join(root, file), "utf8"), text);
  });
});

test("docs/reference/aggregator.md lists every option", () => {
  const page = PAGES.get("docs/reference/aggregator.md") ?? "";
  for (const name of Object.keys(program.options)) assert.match(page, new RegExp(`^\\| \`--${name}[ \`]`, "m"));
});

test("docs/reference/variables.md lists every variable of every module once", () => {
  const page = PAGES.get("docs/reference/variables.md") ?? "";
  const urls = builtInDeclarations.flatMap(({ extensions }) =>
    extensions.flatMap(({ variables }) => Object.keys(variables))
  );
  for (const url of new Set(urls)) assert.equal(page.split(`\n| \`${url}\` |`).length, 2, url);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { docCommentExamples, markdownExamples, runExamples } from "../../scripts/check/doc_examples.ts";
import { documentProblems } from "../../scripts/check/documents.ts";
import { withTree } from "./fixture.ts";

test("docCommentExamples() takes the ts blocks after @example, with their line", () => {
  const text = [
    "/** Not one: `ts`. */",
    "export const a = 1;",
    "",
    "/**",
    " * Adds.",
    " * ```ts",
    " * before(the, tag);",
    " * ```",
    " * @example Two and two",
    " * ```ts",
    " * const sum = add(2,",
    " *   2);",
    " * ```",
    " * ```sh",
    " * npm test",
    " * ```",
    " */",
    "export function add() {}",
  ].join("\n");
  assert.deepEqual(docCommentExamples("src/a.ts", text), [{ at: "src/a.ts:10", code: "const sum = add(2,\n  2);" }]);
});

test("markdownExamples() takes ts blocks and leaves fragments and other languages", () => {
  const text = "# A\n```ts\none();\n```\n```ts ignore\ntwo(\n```\n```json\n{}\n```\n";
  assert.deepEqual(markdownExamples("docs/a.md", text), [{ at: "docs/a.md:2", code: "one();" }]);
});

test("runExamples() runs each and names the one that fails", async () => {
  const good = { at: "docs/a.md:1", code: `const a = 1;\nif (a !== 1) throw new Error("Expected 1");` };
  const bad = { at: "docs/b.md:7", code: `const a = 2;\nif (a === 2) throw new Error("It is two");` };
  await withTree({}, async (root) => {
    assert.equal((await runExamples(root, [good])).code, 0);
    const { code, output } = await runExamples(root, [good, bad]);
    assert.equal(code, 1);
    assert.match(output, /docs\/b\.md:7: the example fails: Error: It is two/);
    assert.doesNotMatch(output, /docs\/a\.md/);
  });
});

test("runExamples() checks types", async () => {
  await withTree({}, async (root) => {
    const { code, output } = await runExamples(root, [{ at: "docs/a.md:1", code: `const a: number = "one";` }]);
    assert.equal(code, 1);
    assert.match(output, /TS2322/);
  });
});

test("documentProblems() finds links to no file and npm scripts that don't exist", async () => {
  const files = {
    "package.json": JSON.stringify({ scripts: { demo: "" } }),
    "docs/there.md": "",
    "README.md": [
      "`npm run demo`, [there](docs/there.md#part), [web](https://example.org/x), [here](#a)",
      "[gone](docs/gone.md) and `npm run gone -- --now`",
      "```",
      "[in code](nowhere.md)",
      "```",
    ].join("\n"),
  };
  assert.deepEqual(await withTree(files, documentProblems), [
    'README.md:2: There is no script "gone" in package.json: it has demo',
    'README.md:2: Cannot follow the link to "docs/gone.md" as there is no such file',
  ]);
});

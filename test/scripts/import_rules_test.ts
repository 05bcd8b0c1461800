import assert from "node:assert/strict";
import { test } from "node:test";
import { importProblems } from "../../scripts/check/import_rules.ts";
import { withTree } from "./fixture.ts";

const MANIFEST = JSON.stringify({ dependencies: { "cbor-x": "1", hono: "1" }, devDependencies: { "fast-check": "1" } });

function problemsOf(files: { readonly [path: string]: string }): Promise<string[]> {
  return withTree({ "package.json": MANIFEST, ...files }, importProblems);
}

test("importProblems() finds nothing in a tree whose imports all point one way", async () => {
  const problems = await problemsOf({
    "src/clock.ts": `export const now = () => 0;`,
    "src/state/mod.ts": `export * from "./url.ts";`,
    "src/state/url.ts": `export type Url = string;`,
    "src/plan/mod.ts": `import type { Url } from "../state/mod.ts";\nexport type Step = Url;`,
    "src/engine/mod.ts": `import { now } from "../clock.ts";\nimport type { Step } from "../plan/mod.ts";`,
    "modules/image/mod.ts": `import "../../src/plan/mod.ts";`,
    "aggregator/main.ts": `import { Hono } from "hono";\nimport "../modules/image/mod.ts";\nimport "node:fs";`,
    "test/plan/plan_test.ts": `import { test } from "node:test";\nimport "../../aggregator/main.ts";`,
  });
  assert.deepEqual(problems, []);
});

test("importProblems() finds a circle of files, through type imports too", async () => {
  const problems = await problemsOf({
    "src/state/a.ts": `import type { B } from "./b.ts";\nexport type A = B;`,
    "src/state/b.ts": `export { c } from "./c.ts";\nexport type B = 1;`,
    "src/state/c.ts": `import type { A } from "./a.ts";\nexport const c: A = 1;`,
  });
  assert.deepEqual(problems, [
    "src/state/a.ts:1: Cannot import in a circle: src/state/a.ts -> src/state/b.ts -> src/state/c.ts -> src/state/a.ts",
  ]);
});

test("importProblems() finds imports that point upward or across", async () => {
  const files = { "agent/main.ts": "", "aggregator/a.ts": "", "modules/x/mod.ts": "", "src/engine/mod.ts": "" };
  const upward: [string, string][] = [
    ["src/state/up.ts", "../engine/mod.ts"],
    ["src/plan/up.ts", "../../modules/x/mod.ts"],
    ["src/sync/up.ts", "../engine/mod.ts"],
    ["modules/y/up.ts", "../../aggregator/a.ts"],
    ["modules/y/up.ts", "../x/mod.ts"],
    ["aggregator/up.ts", "../agent/main.ts"],
    ["ctl/up.ts", "../aggregator/a.ts"],
  ];
  for (const [file, target] of upward) {
    const problems = await problemsOf({ ...files, [file]: `\nimport { x } from "${target}";` });
    assert.equal(problems.length, 1, `${file} -> ${target}: ${problems}`);
    assert.ok(problems[0]?.startsWith(`${file}:2: Cannot import "${target}" of "`), problems[0]);
  }
});

test("importProblems() finds bare cbor-x, in every form of import", async () => {
  for (const code of [`import { Encoder } from "cbor-x";`, `import "cbor-x";`, `await import("cbor-x");`]) {
    const problems = await problemsOf({ "src/sync/codec.ts": code });
    assert.match(problems.join(), /^src\/sync\/codec\.ts:1: Cannot import "cbor-x" as it loads a native add-on/);
  }
  assert.deepEqual(await problemsOf({ "src/sync/codec.ts": `import { Encoder } from "cbor-x/encode";` }), []);
});

test("importProblems() finds tests that import fast-check without the project's sizes", async () => {
  const files = { "test/support/property.ts": `export * as fc from "fast-check";` };
  assert.deepEqual(await problemsOf(files), []);
  assert.deepEqual(await problemsOf({ ...files, "test/plan/a_test.ts": `import fc from "fast-check";` }), [
    `test/plan/a_test.ts:1: Cannot import "fast-check" by itself as its sizes would be small: expected "test/support/property.ts"`,
  ]);
});

test("importProblems() finds packages that a program may not use, and files that are not there", async () => {
  const problems = await problemsOf({
    "agent/a.ts": `import fc from "fast-check";`,
    "agent/b.ts": `import fs from "fs";`,
    "agent/c.ts": `import "./gone.ts";`,
  });
  assert.deepEqual(problems, [
    `agent/a.ts:1: Cannot import "fast-check" as package.json's dependencies do not have "fast-check"`,
    `agent/b.ts:1: Cannot import "fs" as package.json's dependencies do not have "fs"`,
    `agent/c.ts:1: Cannot import "./gone.ts" as there is no file "agent/gone.ts"`,
  ]);
});

test("importProblems() finds globals that only one runtime has, and a folder that has no rule", async () => {
  const problems = await problemsOf({
    "agent/a.ts": `const home = Deno.env.get("HOME");\nBun.serve({});`,
    "src/magic/a.ts": "",
  });
  assert.deepEqual(problems, [
    `agent/a.ts:1: Cannot use "Deno" as only one runtime has it: use a web API or a "node:" built-in`,
    `agent/a.ts:2: Cannot use "Bun" as only one runtime has it: use a web API or a "node:" built-in`,
    `src/magic/a.ts:1: "src/magic" has no import rule: add one to scripts/check/layers.ts`,
  ]);
});

test("importProblems() does not read comments, strings, templates or regular expressions as code", async () => {
  const code = [
    `// import "../../agent/main.ts"`,
    `/* import "cbor-x"; Deno.exit() */`,
    `const text = 'import "cbor-x"; Deno.exit()';`,
    "const template = `import \"cbor-x\"; ${'}'} Deno.exit() \\``;",
    `const pattern = /["'\`]Deno.x[/"]/.test("x");`,
    `const half = 4 / 2; const quote = "'"; // Deno.exit()`,
  ].join("\n");
  assert.deepEqual(await problemsOf({ "src/state/a.ts": code }), []);
  const after = await problemsOf({ "src/state/a.ts": `${code}\nconst inside = \`\${Deno.pid}\`;` });
  assert.deepEqual(after.map((problem) => problem.slice(0, 36)), [
    `src/state/a.ts:7: Cannot use "Deno" a`.slice(0, 36),
  ]);
});

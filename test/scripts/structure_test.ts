import assert from "node:assert/strict";
import { test } from "node:test";
import { describeStructure, measureStructure } from "../../scripts/check/structure.ts";
import { withTree } from "./fixture.ts";

const LONG = Array.from({ length: 101 }, (_, line) => `  use(${line});`).join("\n");
const TREE = {
  "src/a.ts": [
    "export interface Wide { a: 1; b: 1; c: 1; d: 1; e: 1; f: 1; g: 1; h: 1; i: 1 }",
    "/**",
    " * Doubles `amount`.",
    " *",
    " * @throws {RangeError} When it is negative.",
    " */",
    "export function double(amount: number): number {",
    "  if (amount < 0) throw new RangeError();",
    "  return amount * 2;",
    "}",
    "export function silent(amount: number): void {",
    "  if (amount < 0) throw new RangeError();",
    "}",
    "export const passedOn = 1;",
    "export const taken = 1;",
    "export type Named = 1;",
    "export const naming: Named = 1;",
  ].join("\n"),
  "src/mod.ts": `export { double, passedOn as other } from "./a.ts";\nexport * from "./b.ts";`,
  "src/b.ts": "export const everything = 1;\nexport const reached = 1;",
  "agent/main.ts": [
    `import { double, other, reached } from "../src/mod.ts";`,
    `const { naming } = await import("../src/a.ts");`,
    `export function long() {\n${LONG}\n}`,
  ].join("\n"),
  "test/a_test.ts": `import { taken } from "../src/a.ts";`,
};

test("measureStructure() finds long functions and wide interfaces", async () => {
  const found = await withTree(TREE, measureStructure);
  assert.deepEqual(found.longFunctions, ["agent/main.ts:3 long 103"]);
  assert.deepEqual(found.wideInterfaces, ["src/a.ts:1 Wide 9"]);
  assert.deepEqual(found.folders.get("test"), { files: 1, lines: 0 });
});

test("measureStructure() tells exports that nobody takes from those that reach others by way of a module file", async () => {
  const { "agent/main.ts": agent, ...others } = TREE;
  const direct = agent.replace(/^const .*$/m, `import { naming } from "../src/a.ts";`);
  const found = await withTree({ ...others, "agent/main.ts": direct }, measureStructure);
  assert.deepEqual(found.unusedExports, [
    "agent/main.ts:3 long",
    "src/a.ts:1 Wide",
    "src/a.ts:11 silent",
    "src/b.ts:1 everything",
  ]);
});

test("measureStructure() takes a module that is imported as a whole for used", async () => {
  const found = await withTree(TREE, measureStructure);
  assert.deepEqual(found.unusedExports, ["agent/main.ts:3 long", "src/b.ts:1 everything"]);
});

test("measureStructure() counts which functions tell their parameters and errors", async () => {
  const { functions } = await withTree(TREE, measureStructure);
  assert.deepEqual(functions, {
    exported: 3,
    undocumented: ["src/a.ts:11 silent", "agent/main.ts:3 long"].sort(),
    withParameters: 2,
    parametersUntold: ["src/a.ts:11 silent: amount"],
    throwing: 2,
    errorsUntold: ["src/a.ts:11 silent"],
  });
});

test("describeStructure() lists places only where they are asked for", async () => {
  const found = await withTree(TREE, measureStructure);
  assert.match(describeStructure(found, false), /^exported and unused +2$/m);
  assert.doesNotMatch(describeStructure(found, false), /everything/);
  assert.match(
    describeStructure(found, true),
    /\nexported and unused\n {2}agent\/main\.ts:3 long\n {2}src\/b\.ts:1 everything\n/,
  );
});

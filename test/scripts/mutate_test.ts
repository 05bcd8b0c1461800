import assert from "node:assert/strict";
import { test } from "node:test";
import { isEquivalent, sample } from "../../scripts/mutate/choose.ts";
import { mutantsOf } from "../../scripts/mutate/mutators.ts";
import { orderTests } from "../../scripts/mutate/reach.ts";
import { describe, type Tried } from "../../scripts/mutate/report.ts";

/** What the mutants of a piece of code read like. */
function changed(code: string): string[] {
  return mutantsOf("src/a.ts", code).map((mutant) => mutant.new);
}

test("mutantsOf() turns comparisons", () => {
  assert.deepEqual(changed("x(a < b);").filter((each) => each !== ";"), ["x(a <= b);", "x(a >= b);"]);
});

test("mutantsOf() fixes conditions and drops halves of them", () => {
  assert.deepEqual(changed("if (a && b) throw c;").sort(), [
    "if ((a)) throw c;",
    "if ((b)) throw c;",
    "if (false) throw c;",
    "if (true) throw c;",
  ]);
});

test("mutantsOf() leaves statements out, but not those that log", () => {
  assert.deepEqual(changed("keep(1);\nlog.warn('x');\nparts.log.info('y');"), [";"]);
});

test("mutantsOf() exchanges array methods, and leaves those alone that every object has", () => {
  assert.deepEqual(changed("const b = all.some(c);"), ["const b = all.every(c);"]);
  assert.deepEqual(changed("const b = all.toString();"), []);
});

test("mutantsOf() lifts limits", () => {
  assert.deepEqual(changed("const MAX_BYTES = 65_536;\nconst first = 1;"), ["const MAX_BYTES = (65_536) * 100;"]);
});

test("mutantsOf() finds nothing in types, imports and the texts of errors", () => {
  assert.deepEqual(
    changed('import { a } from "./a.ts";\ninterface B { c: true }\nthrow new TypeError(`${d ? 1 : 2}`);'),
    [],
  );
});

test("mutantsOf() says the line, and the same lines with the change", () => {
  const [mutant] = mutantsOf("src/a.ts", "// one\nconst b = (\n  !a\n);\n");
  assert.equal(mutant?.line, 3);
  assert.equal(mutant?.old, "  !a");
  assert.equal(mutant?.new, "  (a)");
});

test("orderTests() begins with what imports the file itself, then the folder of the same name, then the nearest", () => {
  const reach = new Map([
    ["test/tree/a_test.ts", 2],
    ["test/sync/b_test.ts", 9],
    ["test/e/c_test.ts", 3],
    ["test/f/d_test.ts", 1],
    ["test/sync/e_test.ts", 1],
  ]);
  assert.deepEqual(orderTests("src/sync/x.ts", reach), [
    ...["test/sync/e_test.ts", "test/f/d_test.ts", "test/sync/b_test.ts", "test/tree/a_test.ts", "test/e/c_test.ts"],
  ]);
});

test("orderTests() puts tests that are named after a file before those that are nearer", () => {
  const reach = new Map([
    ["test/modules/ipmi_test.ts", 2],
    ["test/modules/led_test.ts", 4],
    ["test/modules/redfish_test.ts", 3],
    ["test/modules/redfish_led_test.ts", 9],
  ]);
  assert.deepEqual(orderTests("modules/redfish/led.ts", reach), [
    "test/modules/redfish_led_test.ts",
    "test/modules/redfish_test.ts",
    "test/modules/led_test.ts",
    "test/modules/ipmi_test.ts",
  ]);
});

test("sample() chooses the same for the same seed, each at most once", () => {
  const all = Array.from({ length: 100 }, (_, index) => index);
  assert.deepEqual(sample(all, 10, 3), sample(all, 10, 3));
  assert.notDeepEqual(sample(all, 10, 3), sample(all, 10, 4));
  assert.deepEqual(sample(all, 1000, 3).sort((a, b) => a - b), all);
});

test("isEquivalent() does not look at indentation", () => {
  const [mutant] = mutantsOf("src/a.ts", "  const b = !a;");
  assert.ok(mutant !== undefined);
  const known = { file: "src/a.ts", old: "const b = !a;", new: "const b = (a);", reason: "" };
  assert.equal(isEquivalent(mutant, [known]), true);
  assert.equal(isEquivalent(mutant, [{ ...known, file: "src/b.ts" }]), false);
});

test("the score counts neither what is equivalent nor what was cut", () => {
  const [mutant] = mutantsOf("src/a.ts", "const b = !a;");
  assert.ok(mutant !== undefined);
  const outcomes: Tried["outcome"][] = ["killed", "timeout", "survived", "unreached", "equivalent"];
  const { data, text } = describe("src", 9, outcomes.map((outcome) => ({ mutant, outcome })), 1);
  assert.deepEqual({ ...data, survivors: undefined }, {
    ...{ folder: "src", seed: 1, mutants: 9, tried: 5, score: 50, equivalent: 1, survivors: undefined },
  });
  assert.match(text, /survived src\/a\.ts:1\n {2}- const b = !a;\n {2}\+ const b = \(a\);\n/);
});

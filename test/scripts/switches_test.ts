import assert from "node:assert/strict";
import { test } from "node:test";
import { openSwitches } from "../../scripts/check/switches.ts";

/** The lines of switches without a default. */
function open(...lines: readonly string[]): number[] {
  return openSwitches(lines.join("\n")).map(({ line }) => line);
}

test("a switch without a default is found by its line", () => {
  assert.deepEqual(open("a();", "switch (x.kind) {", '  case "a":', "    return 1;", "}"), [2]);
});

test("a switch that ends in a never check is closed", () => {
  assert.deepEqual(open("switch (x) {", '  case "a":', "    break;", "  default:", "    x satisfies never;", "}"), []);
});

test("the default of a switch within a switch closes only that one", () => {
  const inner = ["switch (y) {", "  default:", "    break;", "}"];
  assert.deepEqual(open("switch (x) {", '  case "a": {', ...inner, "  }", "}"), [1]);
  assert.deepEqual(open("switch (x) {", '  case "a":', ...inner, "}"), [1]);
});

test("words in texts, comments and method names are no switches", () => {
  assert.deepEqual(open('const a = "switch (x) {}";', "// switch (x) {}", "controller.switch(on);"), []);
});

test("a default in a text or a key of an object closes nothing", () => {
  assert.deepEqual(open("switch (x) {", '  case "a":', '    f("default:", { default: 1 });', "}"), [1]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { cleanText, createStyle, cutText, renderBar } from "../../src/cli/mod.ts";

test("cutText() cuts by characters, not by code units", () => {
  assert.equal(cutText("node", 4), "node");
  assert.equal(cutText("nodes", 4), "nod…");
  assert.equal(cutText("🐙🐙🐙", 2), "🐙…");
  assert.equal(cutText("node", 0), "");
});

test("cleanText() keeps a text on one line", () => {
  assert.equal(cleanText("a\r\n\tb\x07\x9bc"), "a b??c");
});

test("createStyle() leaves texts alone where there are no colours", () => {
  assert.equal(createStyle(false).red("x"), "x");
  assert.equal(createStyle(true).red("x"), "\x1b[31mx\x1b[39m");
});

test("renderBar() is full only when everything is done", () => {
  assert.equal(renderBar(0, 8, 10), "[----------] 0/8   0%");
  assert.equal(renderBar(5, 8, 10), "[######----] 5/8  62%");
  assert.equal(renderBar(999, 1000, 10), "[#########-] 999/1000  99%");
  assert.equal(renderBar(8, 8, 10), "[##########] 8/8 100%");
  assert.equal(renderBar(0, 0, 10), "[##########] 0/0 100%");
});

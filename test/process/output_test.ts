import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tailOf } from "../../src/process/mod.ts";
import { withFolder } from "../support/folder.ts";

/** The tail of a file with this text. */
async function tail(text: string, lines: number, length: number): Promise<string> {
  let found = "";
  await withFolder((folder) => {
    const file = join(folder, "output");
    writeFileSync(file, text);
    found = tailOf(file, lines, length);
    return Promise.resolve();
  });
  return found;
}

test("tailOf() gives the last lines, each with its end, also where the last one has none", async () => {
  assert.equal(await tail("a\nb\nc\n", 2, 100), "b\nc\n");
  assert.equal(await tail("a\nb\nc", 2, 100), "b\nc\n");
  assert.equal(await tail("a\n", 9, 100), "a\n");
  assert.equal(await tail("a\n\n", 9, 100), "a\n\n");
  assert.equal(await tail("", 9, 100), "");
  assert.equal(tailOf("/no/such/file", 9, 100), "");
});

test("tailOf() gives no more characters than asked for, and cuts the first line where it must", async () => {
  assert.equal(await tail("0123456789\n", 9, 4), "789\n");
  assert.equal(await tail(`${"x".repeat(100)}\nend\n`, 9, 10), "xxxxx\nend\n");
  assert.equal(await tail("ü".repeat(50), 1, 20), `${"ü".repeat(19)}\n`);
});

test("tailOf() leaves no control character that a terminal would obey", async () => {
  assert.equal(await tail("\x1b[31mred\x07\tx\r\n", 1, 100), " [31mred     x\n");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { createStyle, renderTable } from "../../src/cli/mod.ts";

const columns = [{ title: "NAME" }, { title: "COUNT", align: "right" as const }, { title: "WHY" }];

test("renderTable() aligns columns under their titles and ends lines without spaces", () => {
  assert.deepEqual(renderTable(columns, [["n1", "7", "it works"], ["login10", "1200", ""]]), [
    "NAME     COUNT  WHY",
    "n1           7  it works",
    "login10   1200",
  ]);
});

test("renderTable() cuts the last column first, and shows where it cut", () => {
  const lines = renderTable(columns, [["n1", "7", "a reason that is too long"]], { width: 27 });
  assert.deepEqual(lines, ["NAME  COUNT  WHY", "n1        7  a reason that…"]);
});

test("renderTable() never writes a line wider than the screen while columns can be cut", () => {
  const covered = createCoverage("tables", ["cut", "whole"], 0.1);
  const cell = fc.string({ maxLength: 30 });
  const cells = fc.array(fc.tuple(cell, cell, cell), { maxLength: 5 });
  fc.assert(
    fc.property(cells, fc.integer({ min: 28, max: 120 }), (rows, width) => {
      const lines = renderTable(columns, rows, { width });
      covered.saw(lines.join() === renderTable(columns, rows).join() ? "whole" : "cut");
      for (const line of lines) assert.ok([...line].length <= width, line);
    }),
    { numRuns: 300 },
  );
  covered.check();
});

test("renderTable() makes control characters visible, so that a value can't drive the terminal", () => {
  const [, line] = renderTable(columns, [["\x1b[2Jn1", "1\n2", "a\u202eb"]]);
  assert.equal(line, "?[2Jn1    1 2  a?b");
});

test("renderTable() paints cells without losing their alignment", () => {
  const style = createStyle(true);
  const [, line] = renderTable([{ title: "RUN", paint: () => style.green }, { title: "X" }], [["UP", "x"]]);
  assert.equal(line, "\x1b[32mUP\x1b[39m   x");
});

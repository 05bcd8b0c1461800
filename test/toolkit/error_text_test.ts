import assert from "node:assert/strict";
import { test } from "node:test";
import { errorText } from "../../src/toolkit/mod.ts";

test("errorText() gives the message of an error, and anything else as text", () => {
  assert.deepEqual([new TypeError("No room"), "No disk", 7, undefined].map(errorText), [
    ...["No room", "No disk", "7", "undefined"],
  ]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestRoot, refusalOf } from "../support/root.ts";

test("a goal that means that nothing is known is refused, with the variable and what it may be", async () => {
  const root = await createTestRoot({ names: ["n1"] });
  const goals = {
    "/runState": ["UNKNOWN", "INIT, SYNC, ERROR"],
    "/physState": ["PHYS_UNKNOWN", "POWER_OFF, POWER_ON, POWER_CYCLE, PHYS_HANG, PHYS_ERROR"],
    "/services/a/state": ["UNKNOWN", "INIT, STOP, RUN, ERROR"],
    "/drained": ["UNKNOWN", "NO, YES"],
  } as const;
  for (const [url, [value, others]] of Object.entries(goals)) {
    for (const result of [root.patch("n1", { [url]: value }), root.apply({ n1: { [url]: value } })]) {
      const problem = `n1: ${url} can't be set to ${value}, which means that nothing is known of it: ` +
        `expected one of ${others}, or leave it out`;
      assert.deepEqual(refusalOf(result), ["invalid", problem]);
    }
    assert.equal(root.cfg("n1", url), undefined);
  }
  assert.deepEqual(refusalOf(root.patch("n1", { "/runState": "SYNC" })), []);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { createHeardRuns } from "../../aggregator/evidence/heard_runs.ts";
import { NO_TERM } from "../../src/state/mod.ts";
import { makeTerm } from "../support/versions.ts";
import { assigned, createSmallTree, idOf } from "./small_tree.ts";

const ID = idOf("n");

/** A process "now" that has started with run 5 and is at 8. `proven` is what the child can show. */
function make(proven?: { readonly run: number; readonly process: string }) {
  const { replica, set } = createSmallTree();
  set("n", { "/parent": "root", "/assignment": assigned(2, "root") });
  const claims: string[] = [];
  let current = 5;
  const heard = createHeardRuns({
    ...{ replica, run: "now", current: () => current },
    evidence: { provenRun: () => proven },
    suspicions: { claimed: (_child, what) => void claims.push(what) },
  });
  current = 8;
  return { claims, hear: (run: number, parent = "") => heard(ID, { parent, parentTerm: makeTerm(2, run) }) };
}

test("a run that was over when this process started needs no proof", () => {
  const { hear, claims } = make();
  assert.deepEqual([hear(4), hear(4), claims], [makeTerm(2, 4), makeTerm(2, 4), []]);
});

test("a run that this process may have counted over needs proof as much as a later one", () => {
  for (const run of [5, 7, 8, 9]) {
    const { hear, claims } = make();
    assert.deepEqual(hear(run), makeTerm(2, 0));
    assert.deepEqual(claims, [`a run ${run} of this aggregator, which is at 8`]);
  }
});

test("a run counts as far as another process has signed it", () => {
  for (const [run, proven, expected] of [[7, 7, 7], [7, 9, 7], [9, 6, 6]] as const) {
    const { hear, claims } = make({ run: proven, process: "before" });
    assert.deepEqual(hear(run), makeTerm(2, expected));
    assert.equal(claims.length, proven < run ? 1 : 0);
  }
});

test("what this process has signed says nothing of an earlier one, and may be older than what it has sent since", () => {
  for (const [run, count] of [[5, 0], [8, 0], [9, 1]] as const) {
    const { hear, claims } = make({ run: 5, process: "now" });
    assert.deepEqual(hear(run), NO_TERM);
    assert.equal(claims.length, count);
  }
});

test("a child that this process has welcomed, or that has another assignment, says nothing", () => {
  const { hear, claims } = make({ run: 9, process: "before" });
  assert.deepEqual(hear(9, "now"), NO_TERM);
  const { replica } = createSmallTree();
  const heard = createHeardRuns({
    ...{ replica, run: "now", current: () => 5 },
    evidence: { provenRun: () => ({ run: 9, process: "before" }) },
    suspicions: { claimed: (_child, what) => void claims.push(what) },
  });
  assert.deepEqual(heard(ID, { parent: "", parentTerm: makeTerm(2, 9) }), NO_TERM);
  assert.deepEqual(claims, []);
});

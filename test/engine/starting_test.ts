import assert from "node:assert/strict";
import { test } from "node:test";
import type { InvariantRefusal } from "../../src/engine/blocker.ts";
import { beginDraft } from "../../src/engine/draft.ts";
import type { Execution } from "../../src/engine/record.ts";
import { outAfter, startRunnable } from "../../src/engine/starting.ts";
import { DARK, LIT, look, momentOf, nodeOf, NOW, ON, recordOf, rulesOf, UP } from "./decisions.ts";

test("a mutation that this decision ends begins again only where its handler has returned, or was another program's", () => {
  const node = nodeOf(LIT, DARK);
  const { record } = look(recordOf(), node);
  const [execution] = record.executions.values();
  const { plan, runnable } = record;
  assert.ok(execution !== undefined && plan !== undefined && runnable !== undefined);
  const until = NOW + rulesOf().options.grace;
  const cases: [about: Partial<Execution>, waits: boolean][] = [
    [{}, true],
    [{ hasReturned: true }, false],
    [{ isOurs: false }, false],
    [{ step: { ...execution.step, key: "rack/dim" } }, false],
  ];
  for (const [about, waits] of cases) {
    const draft = beginDraft(recordOf(), rulesOf(), momentOf());
    draft.commands.push({ kind: "end", outcome: "done", execution: { ...execution, ...about }, why: "It is over" });
    startRunnable(draft, node, plan, runnable);
    const unreturned: InvariantRefusal = { kind: "unreturned", execution: execution.id, until };
    assert.deepEqual(
      draft.record.waits.map(({ refusal }) => refusal),
      waits ? [unreturned] : [],
      JSON.stringify(about),
    );
    assert.equal(draft.record.executions.size, waits ? 0 : 1);
  }
});

test("what runs already is not begun again", () => {
  const node = nodeOf(LIT, DARK);
  const { record } = look(recordOf(), node);
  const { plan, runnable } = record;
  assert.ok(plan !== undefined && runnable !== undefined);
  const draft = beginDraft(record, rulesOf(), momentOf());
  startRunnable(draft, node, plan, runnable);
  assert.deepEqual(draft.commands, []);
});

test("what a disruptive step does to a node is a cut where it was not in SYNC, and takes it out otherwise", () => {
  const [sync, on] = [nodeOf({}, UP), nodeOf({}, ON)];
  assert.deepEqual((["NO", "CUT", "TAKEN", "AWAY"] as const).map((out) => outAfter(out, on)), [
    ...["CUT", "CUT", "TAKEN", "TAKEN"],
  ]);
  assert.deepEqual((["NO", "CUT", "TAKEN", "AWAY"] as const).map((out) => outAfter(out, sync)), [
    ...["TAKEN", "TAKEN", "TAKEN", "TAKEN"],
  ]);
});

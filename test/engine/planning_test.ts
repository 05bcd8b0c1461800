import assert from "node:assert/strict";
import { test } from "node:test";
import { beginDraft } from "../../src/engine/draft.ts";
import type { EngineNode } from "../../src/engine/mod.ts";
import { openQuestion, planOn, takePlan } from "../../src/engine/planning.ts";
import type { NodeRecord } from "../../src/engine/record.ts";
import type { Plan } from "../../src/plan/mod.ts";
import { DARK, LIT, look, momentOf, nodeOf, recordOf, rulesOf } from "./decisions.ts";
import { planner } from "./lab.ts";

const SEARCHING: Plan = { ok: false, reason: { kind: "searching" }, suspended: [] };
const COLD = { "/fan": "SLOW", "/pump": "SLOW" };
const COOL = { "/fan": "FAST", "/pump": "FAST" };

/** The record of a node on which this has begun. */
function begun(cfg: Parameters<typeof nodeOf>[0], seen: typeof cfg): NodeRecord {
  const { record } = look(recordOf(), nodeOf(cfg, seen));
  assert.ok(record.executions.size > 0);
  return record;
}

test("what a node is like now is a question of its own only where something is done, or nothing runs", () => {
  const open = (record: NodeRecord, seen: Parameters<typeof nodeOf>[1]) => {
    const node: EngineNode = nodeOf({ ...LIT, ...COOL }, seen);
    const asked: EngineNode = {
      ...node,
      planner: { ...planner, plan: (question) => question === asked ? SEARCHING : planner.plan(question) },
    };
    return openQuestion(record, asked) === asked;
  };
  assert.equal(open(begun(LIT, DARK), DARK), false, "it runs still");
  assert.equal(open(begun(LIT, DARK), LIT), true, "it is done");
  const both = begun({ ...LIT, ...COOL }, { ...DARK, ...COLD });
  assert.equal(both.executions.size, 2);
  assert.equal(open(both, { ...LIT, ...COLD }), true, "one of two is done");
  assert.equal(open(both, { ...DARK, ...COLD }), false);
});

test("a question leaves out the progress of what is partly done", () => {
  const node = nodeOf(COOL, { "/fan": "FAST", "/pump": "SLOW" });
  const asked: unknown[] = [];
  const record = begun(COOL, COLD);
  openQuestion(record, {
    ...node,
    planner: {
      ...planner,
      plan(question) {
        asked.push(Object.fromEntries(question.view));
        return planner.plan(question);
      },
    },
  });
  assert.deepEqual(asked, [COLD]);
});

test("an execution that no plan continues is broken off, with what is another now, or why there is none", () => {
  const why = (record: NodeRecord, node: EngineNode, edited = false) => {
    const draft = beginDraft(record, rulesOf(), momentOf());
    const { cut } = planOn(draft, node, edited);
    return {
      cut: cut.map(({ key }) => key),
      why: draft.commands.flatMap((command) => command.kind === "end" ? [command.why] : []),
    };
  };
  const light = begun(LIT, DARK);
  assert.deepEqual(why(light, nodeOf(LIT, DARK)), { cut: [], why: [] });
  assert.deepEqual(why(light, nodeOf({}, DARK), true), {
    cut: ["rack/light"],
    why: ["The plan for the new cfg does not need it"],
  });
  assert.deepEqual(why(light, nodeOf({}, DARK)), {
    cut: ["rack/light"],
    why: ["The plan from the present state does not need it"],
  });
  const nowhere = why(light, nodeOf({ ...LIT, "/physState": "PHYS_ERROR" }, { ...DARK, "/physState": "POWER_ON" }));
  assert.deepEqual(nowhere.cut, ["rack/light"]);
  assert.match(nowhere.why[0] ?? "", /PHYS_ERROR/);
  const partly = why(begun(COOL, COLD), nodeOf({ "/fan": "SLOW" }, { "/fan": "FAST", "/pump": "SLOW" }), true);
  assert.deepEqual(partly.cut, ["rack/cool"]);
});

test("a plan is counted where it is another one that has steps, and told of where there is none, once", () => {
  const draft = beginDraft(recordOf(), rulesOf(), momentOf());
  const take = (plan: Plan) => {
    draft.commands.length = 0;
    takePlan(draft, plan);
    return draft.commands.map((command) => command.kind === "log" ? command.event.kind : command.kind);
  };
  const plan = (node: EngineNode) => planner.plan(node);
  const light = plan(nodeOf(LIT, DARK));
  assert.deepEqual(take(light), ["countPlan"]);
  assert.deepEqual([draft.record.plan, draft.record.planned], [light, "rack/light"]);
  assert.deepEqual(take(light), []);
  assert.deepEqual(take({ ...light }), [], "its steps are the same");
  assert.deepEqual(take(plan(nodeOf(COOL, COLD))), ["countPlan"]);
  assert.deepEqual(take(plan(nodeOf(LIT, LIT))), [], "it has no steps");
  assert.equal(draft.record.planned, "");
  const none = plan(nodeOf({ "/physState": "PHYS_ERROR" }, { "/physState": "POWER_ON" }));
  assert.deepEqual(take(none), ["no-path"]);
  assert.match(draft.record.noPath ?? "", /PHYS_ERROR/);
  assert.deepEqual(take(none), []);
  assert.deepEqual(take(light), ["countPlan"]);
  assert.equal(draft.record.noPath, undefined);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Decision, EngineCommand } from "../../src/engine/command.ts";
import type { StepFailure } from "../../src/engine/failure_record.ts";
import type { EngineNode } from "../../src/engine/mod.ts";
import type { Execution, NodeRecord } from "../../src/engine/record.ts";
import {
  endAll,
  expire,
  failExecution,
  forgive,
  meet,
  returned,
  sight,
  withdraw,
} from "../../src/engine/transitions.ts";
import {
  commandsOf,
  DARK,
  failureOf,
  kindsOf,
  LIT,
  look,
  momentOf,
  nodeOf,
  NOW,
  OFF,
  recordOf,
  rulesOf,
  UP,
} from "./decisions.ts";

const SERVICE = { "/services/s/state": "RUN" };
const FAILED: StepFailure = { message: "No lamp", retry: true };

/** The record of a node that has just begun, and its one execution. */
function begun(node: EngineNode, about: Partial<NodeRecord> = {}): { record: NodeRecord; execution: Execution } {
  const { record } = look(recordOf(about), node);
  const [execution] = record.executions.values();
  assert.ok(execution !== undefined && record.executions.size === 1);
  return { record, execution };
}
const events = (decision: Decision) =>
  commandsOf(decision, "log").map(({ event }) => `${event.kind} ${event.mutation}`);
const discovered = (decision: Decision) => commandsOf(decision, "discover").map(({ url, value }) => `${url}=${value}`);

test("what was given up goes on after a restart where the node has the same target, and is over where it has another", () => {
  const stuck = { mutation: "rack/light", reason: "No lamp", target: "1", attempts: 5 } as const;
  const meeting = (target: string) =>
    meet("a", nodeOf(LIT, DARK, { target }), { checkpoint: undefined, stuck }, rulesOf(), momentOf());
  const same = meeting("1");
  assert.deepEqual([same.record.shown, same.commands], ["rack/light", []]);
  const { attempts, held, reason, heldSince } = same.record.failures.get("rack/light") ?? {};
  assert.deepEqual([attempts, held, reason, heldSince], [5, true, "No lamp", NOW]);
  const other = meeting("2");
  assert.equal(other.record.failures.size, 0);
  assert.deepEqual([commandsOf(other, "hold").map((each) => each.stuck), events(other)], [
    [undefined],
    ["unstuck rack/light"],
  ]);
});

test("failures that were stored go on where the node has the same target, and are taken off the disk where it has another", () => {
  const mutations = [{
    mutation: "rack/light",
    attempts: 3,
    reason: "No lamp",
    held: false,
    retryAt: NOW + 5_000,
    at: NOW,
  }];
  const checkpoint = { reached: "0", out: "NO", failed: { target: "1", mutations } } as const;
  const meeting = (target: string) =>
    meet("a", nodeOf(LIT, DARK, { target }), { checkpoint, stuck: undefined }, rulesOf(), momentOf());
  const same = meeting("1");
  assert.equal(same.record.failures.get("rack/light")?.attempts, 3);
  assert.deepEqual(kindsOf(same), []);
  const other = meeting("2");
  assert.equal(other.record.failures.size, 0);
  assert.deepEqual(commandsOf(other, "remember").map((each) => each.checkpoint.failed), [undefined]);
  const known = meet(
    "a",
    nodeOf(LIT, DARK),
    { checkpoint, stuck: { mutation: "rack/light", reason: "Other", target: "1", attempts: 9 } },
    rulesOf(),
    momentOf(),
  );
  assert.equal(known.record.failures.get("rack/light")?.attempts, 3, "what was stored last says more");
});

test("a node of which nothing is stored begins with nothing", () => {
  const { record, commands } = meet(
    "a",
    nodeOf({}, {}),
    { checkpoint: undefined, stuck: undefined },
    rulesOf(),
    momentOf(),
  );
  assert.deepEqual([record.failures.size, record.shown, commands], [0, undefined, []]);
});

test("a handler that fails ends its execution, counts, and has the values of failTo discovered", () => {
  const node = nodeOf(LIT, DARK);
  const { record, execution } = begun(node);
  const failed = failExecution(record, node, execution, FAILED, rulesOf(), momentOf());
  assert.equal(failed.record.executions.size, 0);
  assert.equal(failed.record.failures.get("rack/light")?.attempts, 1);
  assert.deepEqual(discovered(failed), ["/lamp=DARK"]);
  assert.equal(failed.commands[0]?.kind, "look");
  assert.deepEqual(commandsOf(failed, "end").map(({ why }) => why), ["No lamp"]);
});

test("what could not be tried, or says nothing of the node, has nothing discovered, and neither has what an agent runs", () => {
  const node = nodeOf(LIT, DARK);
  const { record, execution } = begun(node);
  for (const about of [{ unavailable: true }, { blameless: true }]) {
    const failed = failExecution(record, node, execution, { ...FAILED, ...about }, rulesOf(), momentOf());
    assert.deepEqual([discovered(failed), failed.record.executions.size], [[], 0]);
  }
  const agents = nodeOf(SERVICE, UP);
  const awaited = begun(agents);
  assert.equal(awaited.execution.isOurs, false);
  const late = failExecution(awaited.record, agents, awaited.execution, FAILED, rulesOf(), momentOf());
  assert.deepEqual([discovered(late), late.record.executions.size], [[], 0]);
});

test("a handler that fails after its work was seen has succeeded", () => {
  const node = nodeOf(LIT, DARK);
  const { record, execution } = begun(node);
  const failed = failExecution(record, nodeOf(LIT, LIT), execution, FAILED, rulesOf(), momentOf());
  assert.deepEqual([events(failed), failed.record.failures.get("rack/light")?.attempts], [["done rack/light"], 0]);
  const gone = failExecution(record, undefined, execution, FAILED, rulesOf(), momentOf());
  assert.deepEqual(gone.record.failures.size, 1, "nothing is seen of a node that is gone");
});

test("an execution that has ended, or another one of the same mutation, is not ended again", () => {
  const node = nodeOf(LIT, DARK);
  const { record, execution } = begun(node);
  const other = { ...execution, id: "r-99" };
  for (const end of [failExecution, expireWith]) {
    const kept = end(record, node, other, FAILED, rulesOf(), momentOf());
    assert.deepEqual([kept.record === record, kept.commands], [true, []]);
  }
  assert.equal(sight(record, other, { words: "x", ifLate: "failed" }, NOW), record);
  assert.equal(returned(record, other), record);
});
function expireWith(
  record: NodeRecord,
  node: EngineNode,
  execution: Execution,
  _failure: StepFailure,
  ...[rules, now]: [Parameters<typeof expire>[3], Parameters<typeof expire>[4]]
): Decision {
  return expire(record, node, execution, rules, now);
}

test("what a handler has seen and that it has returned is kept with its execution", () => {
  const { record, execution } = begun(nodeOf(LIT, DARK));
  const seen = sight(record, execution, { words: "it is dark", ifLate: "failed" }, NOW + 5);
  assert.deepEqual(seen.executions.get("rack/light")?.seen, { words: "it is dark", ifLate: "failed", at: NOW + 5 });
  assert.equal(seen.executions.get("rack/light")?.hasReturned, false);
  assert.equal(returned(seen, execution).executions.get("rack/light")?.hasReturned, true);
  assert.equal(record.executions.get("rack/light")?.seen, undefined, "the record before is as it was");
});

test("an execution whose time is over fails, and one that only its agent can show goes on while no agent is heard", () => {
  const lamp = nodeOf(LIT, DARK);
  const power = nodeOf({ "/physState": "POWER_ON" }, OFF);
  const service = nodeOf(SERVICE, UP);
  const cases: [node: EngineNode, isDeaf: boolean, extends_: boolean][] = [
    ...[[lamp, false, false], [lamp, true, true], [power, true, false], [service, true, true]] as [
      EngineNode,
      boolean,
      boolean,
    ][],
    [service, false, false],
  ];
  for (const [node, isDeaf, isExtended] of cases) {
    const { record, execution } = begun(node);
    const over = expire(record, node, execution, rulesOf(), momentOf({ isDeaf }));
    const words = `${execution.step.key} ${isDeaf}`;
    assert.deepEqual(commandsOf(over, "extend").length, isExtended ? 1 : 0, words);
    assert.equal(over.record.executions.size, isExtended ? 1 : 0, words);
    if (!isExtended) {
      assert.match(over.record.failures.get(execution.step.key)?.reason ?? "", /^Timed out after/, words);
    }
  }
});

test("a disruptive step that fails may still take the node out for a while", () => {
  const node = nodeOf(OFF, UP);
  const { record, execution } = begun(node);
  assert.equal(execution.disruptive, true);
  const { options } = rulesOf();
  const failed = failExecution(record, node, execution, FAILED, rulesOf(), momentOf());
  assert.equal(failed.record.disturbedUntil, NOW + options.grace);
  const lamp = nodeOf(LIT, DARK);
  const harmless = begun(lamp);
  assert.equal(
    failExecution(harmless.record, lamp, harmless.execution, FAILED, rulesOf(), momentOf()).record.disturbedUntil,
    0,
  );
});

test("forgiving forgets what failed, and has the node looked at", () => {
  const failures = new Map([["rack/light", failureOf({ held: true, heldSince: 0 })]]);
  const decision = forgive(
    recordOf({ failures, shown: "rack/light", atRest: nodeOf({}, {}) }),
    "A person asks",
    rulesOf(),
    momentOf(),
  );
  assert.deepEqual([decision.record.failures.size, decision.record.atRest], [0, undefined]);
  assert.deepEqual(events(decision), ["unstuck rack/light"]);
  assert.equal(kindsOf(decision).at(-1), "look");
});

test("a node that is not served any more has everything ended, and its places given back", () => {
  const node = nodeOf(OFF, UP);
  const { record } = begun(node);
  const [step] = record.plan?.ok === true ? record.plan.steps : [];
  const ended = endAll({ ...record, approved: step }, "It is gone", rulesOf(), momentOf());
  assert.equal(ended.record.executions.size, 0);
  assert.equal(kindsOf(ended)[0], "lookAt");
  assert.deepEqual(commandsOf(ended, "end").map(({ why }) => why), ["It is gone"]);
  assert.deepEqual(events(ended), ["aborted machine/off"]);
  assert.deepEqual(commandsOf(ended, "release").map(({ mutation }) => mutation), ["machine/off"]);
  assert.deepEqual(commandsOf(endAll(record, "It is gone", rulesOf(), momentOf()), "release"), []);
});

/** What is withdrawn of a decision whose checkpoint can't be stored. */
function withdrawn(node: EngineNode, rest: readonly EngineCommand[], record: NodeRecord): Decision {
  return withdraw(record, node, rest, rulesOf(), momentOf({ isWritable: false }));
}

test("a disruptive step whose checkpoint can't be stored is taken back, with what was to be said of it, and waits", () => {
  const node = nodeOf({ ...OFF, ...LIT }, { ...UP, ...DARK });
  const decision = look(recordOf({ failures: new Map([["rack/light", failureOf()]]) }), node);
  assert.deepEqual([...decision.record.executions.keys()].sort(), ["machine/off", "rack/light"]);
  const rest = decision.commands.filter(({ kind }) => kind !== "remember");
  const back = withdrawn(node, rest, decision.record);
  assert.deepEqual([...back.record.executions.keys()], ["rack/light"]);
  assert.deepEqual(commandsOf(back, "release").map(({ mutation }) => mutation), ["machine/off"]);
  assert.deepEqual(back.waits.map(({ step, refusal }) => [step.key, refusal.kind]), [["machine/off", "store"]]);
  assert.deepEqual(commandsOf(back, "start").map(({ execution }) => execution.step.key), ["rack/light"]);
  assert.deepEqual(events(back).filter((each) => each.includes("machine/off")), []);
  assert.deepEqual(events(back).filter((each) => each.includes("rack/light")), ["retry rack/light"]);
});

test("a retry of a disruptive step that is taken back is not announced", () => {
  const node = nodeOf(OFF, UP);
  const failures = new Map([["machine/off", failureOf({ key: "machine/off" })]]);
  const decision = look(recordOf({ failures }), node);
  assert.deepEqual(events(decision), ["retry machine/off"]);
  const back = withdrawn(node, decision.commands, decision.record);
  assert.deepEqual([events(back), commandsOf(back, "start"), back.record.executions.size], [[], [], 0]);
});

test("what was approved is approved no more where it is taken back, and something else is", () => {
  const node = nodeOf(OFF, UP);
  const decision = look(recordOf(), node);
  const [execution] = decision.record.executions.values();
  assert.ok(execution !== undefined);
  const other = { ...execution.step, key: "rack/light" as const };
  for (const [approved, after] of [[execution.step, undefined], [other, other]] as const) {
    assert.equal(withdrawn(node, decision.commands, { ...decision.record, approved }).record.approved, after);
  }
});

test("of the commands after a checkpoint neither waits nor approvals are carried out, and the others are", () => {
  const node = nodeOf(LIT, DARK);
  const { record } = begun(node);
  const log: EngineCommand = { kind: "log", event: { node: "n1", kind: "converged", why: "x" } };
  const rest: EngineCommand[] = [
    ...[{ kind: "wait", waits: [] }, { kind: "approve", mutation: "machine/off" }, { kind: "countPlan" }] as const,
    log,
  ];
  const back = withdrawn(node, rest, record);
  assert.deepEqual(back.commands, [{ kind: "countPlan" }, log]);
  assert.equal(back.record.executions.size, 1);
});

test("a step that waits already waits once", () => {
  const node = nodeOf(OFF, UP);
  const decision = look(recordOf(), node);
  const [execution] = decision.record.executions.values();
  assert.ok(execution !== undefined);
  const waits = [{ step: execution.step, refusal: { kind: "queued" } as const }];
  const back = withdrawn(node, decision.commands, { ...decision.record, waits });
  assert.deepEqual(back.waits.map(({ refusal }) => refusal.kind), ["queued"]);
});

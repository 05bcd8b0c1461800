import assert from "node:assert/strict";
import { test } from "node:test";
import type { FailureRecord } from "../../src/engine/failure_record.ts";
import { defaultEngineOptions, type EngineNode } from "../../src/engine/mod.ts";
import { returned } from "../../src/engine/transitions.ts";
import type { NodeRecord } from "../../src/engine/record.ts";
import type { Rules } from "../../src/engine/rules.ts";
import { compileDomain, createPlanner, declareModule } from "../../src/plan/mod.ts";
import { core, defineExtension, enumeration } from "../../src/state/mod.ts";
import {
  commandsOf,
  DARK,
  failureOf,
  kindsOf,
  LIT,
  look,
  nodeOf,
  NOW,
  OFF,
  ON,
  recordOf,
  type Some,
  UP,
} from "./decisions.ts";
import { planner } from "./lab.ts";

const failing = (failure: FailureRecord) => ({ failures: new Map([[failure.key, failure]]) });

test("decide() changes nothing that it is given, and says nothing new of what it has said", () => {
  const node = nodeOf(LIT, DARK);
  const record = recordOf();
  const before = structuredClone({ ...record, plan: undefined });
  const first = look(record, node);
  assert.deepEqual({ ...record, plan: undefined }, before);
  assert.deepEqual(commandsOf(first, "start").map(({ execution }) => execution.step.key), ["rack/light"]);
  assert.deepEqual(kindsOf(look(first.record, node)), []);
});

test("what was done to a node is over in SYNC, and a cut at the goal; what was taken out is away at the goal", () => {
  const places = {
    "in SYNC, at its goal": [UP, UP],
    "in SYNC, not at its goal": [{ ...UP, ...LIT }, { ...UP, ...DARK }],
    "at its goal": [OFF, OFF],
    "not at its goal": [{ ...OFF, ...LIT }, { ...OFF, ...DARK }],
  } as const;
  const expected = {
    "in SYNC, at its goal": { NO: "NO", TAKEN: "NO", AWAY: "NO", CUT: "NO" },
    "in SYNC, not at its goal": { NO: "NO", TAKEN: "NO", AWAY: "NO", CUT: "NO" },
    "at its goal": { NO: "NO", TAKEN: "AWAY", AWAY: "AWAY", CUT: "NO" },
    "not at its goal": { NO: "NO", TAKEN: "TAKEN", AWAY: "AWAY", CUT: "CUT" },
  } as const;
  for (const place of ["in SYNC, at its goal", "in SYNC, not at its goal", "at its goal", "not at its goal"] as const) {
    for (const out of ["NO", "TAKEN", "AWAY", "CUT"] as const) {
      const [cfg, seen] = places[place];
      const reached = place.endsWith("not at its goal") ? "" : "1";
      const decision = look(recordOf({ out, reached }), nodeOf(cfg, seen));
      const after = expected[place][out];
      assert.equal(decision.record.out, after, `${out} ${place}`);
      const written = commandsOf(decision, "remember").map(({ checkpoint }) => checkpoint.out);
      assert.deepEqual(written, after === out ? [] : [after], `${out} ${place}`);
      const told = commandsOf(decision, "assess");
      assert.deepEqual(told.map((each) => each.out), out === "NO" ? [] : [after], `${out} ${place}`);
    }
  }
});

test("what was done to a node stands while it may be disturbed, and it is looked at when that is over", () => {
  const node = nodeOf(UP, UP);
  const record = recordOf({ out: "TAKEN", reached: "1", disturbedUntil: NOW + 1 });
  const early = look(record, node);
  assert.equal(early.record.out, "TAKEN");
  assert.deepEqual(commandsOf(early, "lookAt").map(({ at }) => at), [NOW + 1]);
  const due = look(early.record, node, {}, { now: NOW + 1 });
  assert.equal(due.record.out, "NO");
  assert.deepEqual(commandsOf(due, "lookAt").map(({ at }) => at), [undefined]);
  assert.deepEqual(commandsOf(look({ ...record, out: "NO" }, node), "lookAt"), [], "nothing ends then");
  const away = look(recordOf({ out: "TAKEN", reached: "1", disturbedUntil: NOW }), nodeOf(OFF, OFF));
  assert.deepEqual(commandsOf(away, "lookAt"), [], "it is over now");
});

test("a node is unhealthy that has been at this goal and is not, and healthy on its way to another one", () => {
  const node = nodeOf(LIT, DARK);
  const unhealthy = (reached: string, of = node) => look(recordOf({ reached }), of).record.unhealthy;
  assert.deepEqual([unhealthy("1"), unhealthy("0"), unhealthy("")], [true, false, false]);
  assert.equal(unhealthy("1", nodeOf(LIT, LIT)), false);
  const hurt = look(recordOf({ reached: "1" }), node);
  assert.deepEqual(commandsOf(hurt, "assess").map((each) => each.unhealthy), [true]);
  const well = look(hurt.record, nodeOf(LIT, LIT));
  assert.deepEqual(commandsOf(well, "assess").map((each) => each.unhealthy), [false]);
});

test("a goal that is reached is written down once, and told once where something was done for it", () => {
  const at = look(recordOf(), nodeOf(LIT, LIT));
  assert.deepEqual(commandsOf(at, "remember").map(({ checkpoint }) => checkpoint), [{ reached: "1", out: "NO" }]);
  assert.equal(commandsOf(at, "log").length, 0, "nothing was done");
  assert.deepEqual(commandsOf(look(recordOf({ reached: "1" }), nodeOf(LIT, LIT)), "remember"), []);
  const worked = look(recordOf({ worked: true }), nodeOf(LIT, LIT));
  assert.deepEqual(commandsOf(worked, "log").map(({ event }) => event), [
    { node: "n1", kind: "converged", why: "All goals are reached" },
  ]);
  assert.equal(worked.record.worked, false);
});

test("a node rests where nothing is left of it, until anything of it is another", () => {
  const node = nodeOf(LIT, LIT);
  const { record } = look(recordOf({ worked: true }), node);
  assert.equal(record.atRest, node);
  assert.equal(look(record, { ...node }).record, record, "nothing of it is another");
  const others: Partial<EngineNode>[] = [
    { view: new Map(node.view) },
    { cfg: new Map(node.cfg) },
    { planner: { ...planner } },
    { target: "2" },
    { frozen: "node" },
    { frozenWhy: "it may be elsewhere" },
    { name: "n2" },
  ];
  for (const other of others) {
    assert.notEqual(look(record, { ...node, ...other }).record, record, Object.keys(other).join());
  }
  assert.equal(look(record, nodeOf(LIT, DARK)).record.atRest, undefined);
});

test("a node does not rest while something of it is remembered", () => {
  const remembered: Partial<NodeRecord>[] = [
    failing(failureOf({ reachedAt: NOW })),
    { out: "TAKEN" },
  ];
  for (const about of remembered) {
    assert.equal(look(recordOf(about), nodeOf(OFF, OFF)).record.atRest, undefined, JSON.stringify(Object.keys(about)));
  }
});

test("what a node is called now is what is told of it", () => {
  const { record, commands } = look(recordOf(), nodeOf(LIT, DARK, { name: "n2" }));
  assert.equal(record.name, "n2");
  assert.deepEqual([...new Set(commands.flatMap((each) => each.kind === "log" ? [each.event.node] : []))], ["n2"]);
});

test("another target forgets what failed, and says so of what was given up", () => {
  const held = failing(failureOf({ held: true, heldSince: 0 }));
  const record = recordOf({ ...held, shown: "rack/light" });
  const same = look(record, nodeOf(LIT, DARK));
  assert.deepEqual(commandsOf(same, "start"), []);
  assert.deepEqual(same.record.runnable?.held.map(({ key }) => key), ["rack/light"]);
  const other = look(record, nodeOf(LIT, DARK, { target: "2" }));
  assert.equal(other.record.target, "2");
  assert.equal(commandsOf(other, "start").length, 1);
  assert.deepEqual(commandsOf(other, "hold").map(({ stuck }) => stuck), [undefined]);
  assert.deepEqual(commandsOf(other, "log").map(({ event }) => [event.kind, event.why])[0], [
    "unstuck",
    "Its cfg has changed",
  ]);
});

test("a node whose step waits for its backoff is looked at when that ends", () => {
  const decision = look(recordOf(failing(failureOf({ retryAt: NOW + 5 }))), nodeOf(LIT, DARK));
  assert.deepEqual(commandsOf(decision, "start"), []);
  assert.deepEqual(commandsOf(decision, "lookAt").map(({ at }) => at), [NOW + 5]);
  assert.deepEqual(commandsOf(decision, "hold"), [], "it is not given up");
  const both = recordOf({ ...failing(failureOf({ retryAt: NOW + 5 })), out: "CUT", disturbedUntil: NOW + 3 });
  assert.deepEqual(commandsOf(look(both, nodeOf(LIT, DARK)), "lookAt").map(({ at }) => at), [NOW + 3]);
  const due = look(decision.record, nodeOf(LIT, DARK), {}, { now: NOW + 5 });
  assert.deepEqual(commandsOf(due, "start").map(({ again }) => again), [true]);
  assert.deepEqual(commandsOf(due, "lookAt").map(({ at }) => at), [undefined]);
});

test("a frozen node begins nothing and waits for nothing, and what runs there goes on", () => {
  const node = nodeOf(LIT, DARK);
  const waiting = look(recordOf(), node, { refusalOf: () => ({ kind: "queued" }) });
  assert.deepEqual(commandsOf(waiting, "wait").map(({ waits }) => waits.length), [1]);
  const running = look(recordOf(), node);
  for (const frozen of ["node", "everything", "moved"] as const) {
    const still = look(waiting.record, { ...node, frozen });
    assert.deepEqual(commandsOf(still, "start"), []);
    assert.deepEqual(commandsOf(still, "wait").map(({ waits }) => waits), [[]]);
    assert.deepEqual([still.record.plan, still.record.runnable, still.record.dwells], [
      undefined,
      undefined,
      undefined,
    ]);
    assert.equal(still.record.frozen, frozen);
    assert.equal(look(running.record, { ...node, frozen }).record.executions.size, 1);
  }
  const pausing = look(recordOf(failing(failureOf({ retryAt: NOW + 5 }))), node);
  const frozen = look(pausing.record, { ...node, frozen: "node" });
  assert.deepEqual(commandsOf(frozen, "lookAt").map(({ at }) => at), [undefined]);
});

test("what an agent was awaited for goes on while it is frozen, and not once the agent may be elsewhere", () => {
  const cfg = { "/services/s/state": "RUN" };
  const node = nodeOf(cfg, UP);
  const awaiting = look(recordOf(), node);
  assert.deepEqual(commandsOf(awaiting, "await").map(({ execution }) => execution.step.key), ["service/start{name=s}"]);
  assert.equal(look(awaiting.record, { ...node, frozen: "node" }).record.executions.size, 1);
  const moved = look(awaiting.record, { ...node, frozen: "moved", frozenWhy: "Elsewhere" });
  assert.equal(moved.record.executions.size, 0);
  assert.equal(moved.record.frozenWhy, "Elsewhere");
  assert.deepEqual(commandsOf(moved, "end").map(({ why }) => why), ["Its agent may still be at another aggregator"]);
});

test("how a frozen node is is told all the same", () => {
  const node = nodeOf(LIT, DARK, { frozen: "node" });
  const decision = look(recordOf({ reached: "1" }), node);
  assert.deepEqual(commandsOf(decision, "assess").map(({ unhealthy }) => unhealthy), [true]);
  const back = look(recordOf({ out: "TAKEN" }), nodeOf(UP, UP, { frozen: "everything" }));
  assert.deepEqual(commandsOf(back, "assess").map(({ out }) => out), ["NO"]);
});

test("what the fleet holds is not begun, and what runs is not called back for that", () => {
  const node = nodeOf(LIT, DARK);
  const hold = { mutation: "rack/light", goals: "g", nodes: ["n7", "n8"], reason: "No lamp", since: 7 };
  const rules = { holdOf: (mutation: string) => mutation === hold.mutation ? hold : undefined };
  const { record, commands } = look(recordOf(), node, rules);
  assert.deepEqual(commands.filter(({ kind }) => kind === "start"), []);
  assert.deepEqual(
    record.runnable?.held.map(({ key, attempts, reason, heldSince, fleet, held }) => {
      return { key, attempts, reason, heldSince, fleet, held };
    }),
    [{ key: "rack/light", attempts: 2, reason: "No lamp", heldSince: 7, fleet: true, held: true }],
  );
  assert.equal(record.failures.size, 0, "it is no failure of this node");
  const running = look(look(recordOf(), node).record, node, rules);
  assert.equal(running.record.executions.size, 1);
  assert.deepEqual(running.record.runnable?.held, []);
  const own = look(recordOf(failing(failureOf({ held: true, attempts: 5, reason: "Broken" }))), node, rules);
  assert.deepEqual(own.record.runnable?.held.map(({ attempts, reason }) => [attempts, reason]), [[5, "Broken"]]);
});

test("what an agent has given up is not awaited, and is broken off where it was; its parent's own work is not", () => {
  const stuck = { mutation: "service/start{name=s}", reason: "No such service", target: "1", attempts: 4 };
  const cfg = { "/services/s/state": "RUN" };
  const given = nodeOf(cfg, { ...UP, "/stuck/self": stuck });
  const decision = look(recordOf(), given);
  assert.deepEqual(commandsOf(decision, "await"), []);
  assert.deepEqual(
    decision.record.runnable?.held.map(({ attempts, reason, heldSince }) => [attempts, reason, heldSince]),
    [
      [4, "Its agent: No such service", NOW],
    ],
  );
  const awaiting = look(recordOf(), nodeOf(cfg, UP));
  const ended = look(awaiting.record, given);
  assert.deepEqual(commandsOf(ended, "end").map(({ why }) => why), ["Its agent gave up: No such service"]);
  const other = look(
    awaiting.record,
    nodeOf(cfg, { ...UP, "/stuck/self": { ...stuck, mutation: "service/start{name=t}" } }),
  );
  assert.deepEqual(commandsOf(other, "end"), []);
  const itself = look(recordOf(), given, { role: "self" });
  assert.equal(commandsOf(itself, "start").length, 1, "the agent itself tries again after its restart");
  const ours = nodeOf(LIT, { ...DARK, "/stuck/self": { ...stuck, mutation: "rack/light" } });
  assert.equal(commandsOf(look(recordOf(), ours), "start").length, 1);
});

test("an agent neither runs nor awaits what is its parent's, and a parent does both", () => {
  const node = nodeOf({ ...LIT, ...UP, "/services/s/state": "RUN" }, { ...UP, ...DARK });
  const begun = (role: "parent" | "self") => {
    const decision = look(recordOf(), node, { role });
    return [...commandsOf(decision, "start"), ...commandsOf(decision, "await")].map(({ kind, execution }) =>
      `${kind} ${execution.step.key}`
    );
  };
  assert.deepEqual(begun("parent"), ["start rack/light", "await service/start{name=s}"]);
  assert.deepEqual(begun("self"), ["start service/start{name=s}"]);
});

test("only a parent approves, and only what the node's value does not say yet", () => {
  const node = nodeOf(LIT, { ...DARK, "/approval": "machine/off" });
  const approvals = (role: "parent" | "self", of: EngineNode) =>
    commandsOf(look(recordOf(), of, { role }), "approve").map(({ mutation }) => mutation);
  assert.deepEqual(approvals("parent", node), [undefined], "nothing is approved");
  assert.deepEqual(approvals("self", node), []);
  assert.deepEqual(approvals("parent", nodeOf(LIT, DARK)), []);
  assert.deepEqual(approvals("parent", { ...node, frozen: "node" }), [undefined]);
});

test("each execution has a name of its own: of the run, counted on from those before", () => {
  const node = nodeOf({ ...LIT, "/fan": "FAST", "/pump": "FAST" }, { ...DARK, "/fan": "SLOW", "/pump": "SLOW" });
  const decision = look(recordOf(), node, { run: "x" }, { begun: 7 });
  assert.deepEqual(commandsOf(decision, "start").map(({ execution }) => execution.id), ["x-8", "x-9"]);
});

test("what is refused waits, and says so once where an invariant refuses it", () => {
  const node = nodeOf(LIT, DARK);
  const by = (invariant: string): Partial<Rules> => ({
    refusalOf: () => ({ kind: "invariant", invariant, because: "3 are unhealthy" }),
  });
  const refusing = by("brake");
  const first = look(recordOf(), node, refusing);
  assert.deepEqual(commandsOf(first, "log").map(({ event }) => event.kind), ["refused"]);
  assert.deepEqual(first.waits.map(({ step, refusal }) => [step.key, refusal.kind]), [["rack/light", "invariant"]]);
  assert.deepEqual(commandsOf(first, "acquire"), []);
  assert.deepEqual(commandsOf(look(first.record, node, refusing), "log"), []);
  assert.equal(commandsOf(look(first.record, node, by("other")), "log").length, 1);
  const queued = look(first.record, node, { refusalOf: () => ({ kind: "queued" }) });
  assert.deepEqual(commandsOf(queued, "log"), []);
  assert.equal(commandsOf(look(queued.record, node, refusing), "log").length, 1);
  const free = look(first.record, node);
  assert.deepEqual(commandsOf(free, "wait").map(({ waits }) => waits), [[]]);
  assert.deepEqual(kindsOf(free).slice(0, 1), ["acquire"], "places are taken first");
});

test("the rules are told what takes its places in the same decision", () => {
  const node = nodeOf({ ...LIT, "/fan": "FAST", "/pump": "FAST" }, { ...DARK, "/fan": "SLOW", "/pump": "SLOW" });
  const taken: string[] = [];
  look(recordOf(), node, {
    refusalOf(request) {
      taken.push(`${request.step.key} beside [${request.taken.map(({ key }) => key).join()}]`);
      return undefined;
    },
  });
  assert.deepEqual(taken.sort(), ["rack/cool beside []", "rack/light beside [rack/cool]"].sort());
});

test("what is disruptive is written down before it begins, and waits while nothing can be; the rest does not", () => {
  const node = nodeOf(OFF, UP);
  const begun = look(recordOf(), node);
  assert.deepEqual(commandsOf(begun, "remember").map(({ checkpoint, required }) => [checkpoint.out, required]), [
    ["TAKEN", true],
  ]);
  assert.ok(kindsOf(begun).indexOf("remember") < kindsOf(begun).indexOf("start"));
  assert.deepEqual(commandsOf(begun, "acquire").map(({ out }) => out), ["NO"], "as it was when it was asked for");
  const full = look(recordOf(), node, {}, { isWritable: false });
  assert.deepEqual(full.waits.map(({ refusal }) => refusal.kind), ["store"]);
  assert.deepEqual(kindsOf(full).filter((kind) => kind === "start" || kind === "acquire"), []);
  assert.equal(commandsOf(look(recordOf(), nodeOf(LIT, DARK), {}, { isWritable: false }), "start").length, 1);
  const cut = look(recordOf(), nodeOf(OFF, ON));
  assert.equal(cut.record.out, "CUT", "it was not in SYNC");
  assert.equal(look(recordOf({ out: "AWAY" }), nodeOf({ ...OFF }, ON)).record.out, "TAKEN");
  assert.deepEqual(commandsOf(look(recordOf({ out: "CUT" }), nodeOf(OFF, ON)), "remember"), [], "it was written down");
});

test("a mutation does not run beside a handler of its own that has not returned", () => {
  const node = nodeOf(LIT, DARK);
  const unreturned = { execution: "r-1", until: NOW + 9 };
  const earlier = look(recordOf(), node, { unreturnedOf: () => unreturned });
  assert.deepEqual(earlier.waits.map(({ refusal }) => refusal), [{ kind: "unreturned", ...unreturned }]);
  assert.deepEqual(commandsOf(earlier, "start"), []);
});

test("what is done after failures is remembered as done since now, until that has lasted", () => {
  const running = look(recordOf(failing(failureOf())), nodeOf(LIT, DARK));
  const done = look(running.record, nodeOf(LIT, LIT), {}, { now: NOW + 7 });
  assert.equal(done.record.failures.get("rack/light")?.reachedAt, NOW + 7);
});

test("what the world cut short has failed where it is needed again, and is no fault of the mutation", () => {
  const running = look(recordOf(), nodeOf(ON, OFF));
  const hangs = nodeOf(ON, { "/physState": "PHYS_HANG" });
  const cut = look(running.record, hangs);
  assert.equal(commandsOf(cut, "end").length, 1);
  assert.deepEqual(commandsOf(cut, "countFailure").map(({ mutation, reason }) => [mutation, reason]), [
    ["machine/on", undefined],
  ]);
  assert.deepEqual([...cut.record.failures.values()].map(({ key, attempts, reason }) => [key, attempts, reason]), [
    ["machine/on", 1, "Was interrupted by a change"],
  ]);
  const edited = look(running.record, { ...hangs, target: "2" });
  assert.equal(edited.record.failures.size, 0, "another target begins anew");
  const needless = look(running.record, nodeOf(OFF, { "/physState": "PHYS_HANG" }));
  assert.equal(needless.record.failures.size, 0, "nobody needs it any more");
});

test("what is done is told, and is remembered until it has lasted", () => {
  const running = look(recordOf(), nodeOf(LIT, DARK));
  const done = look(running.record, nodeOf(LIT, LIT), {}, { now: NOW + 3 });
  assert.deepEqual(commandsOf(done, "log").map(({ event }) => event.kind), ["done", "converged"]);
  assert.deepEqual(commandsOf(done, "countSuccess").map(({ mutation }) => mutation), ["rack/light"]);
  assert.equal(done.record.failures.get("rack/light")?.reachedAt, NOW + 3);
  assert.equal(done.record.atRest, undefined);
  const { settle } = defaultEngineOptions;
  const at = (time: number, seen: Some) => look(done.record, nodeOf(LIT, seen), {}, { now: NOW + 3 + time });
  assert.equal(at(settle - 1, LIT).record.failures.size, 1);
  assert.equal(at(settle, LIT).record.failures.size, 0);
  const lost = at(settle - 1, DARK);
  assert.deepEqual([...lost.record.failures.values()].map(({ attempts, reason }) => [attempts, reason]), [
    [1, "Did not last"],
  ]);
  assert.deepEqual(commandsOf(lost, "countFailure").map(({ reason }) => reason), ["Did not last"]);
  const later = at(settle, DARK);
  assert.equal(later.record.failures.get("rack/light")?.attempts ?? 0, 0, "it has lasted");
});

test("what failed in an earlier run of the program is kept while no plan names it", () => {
  const kept = failureOf({ key: "rack/dim", attempts: 3, retryAt: NOW + 9 });
  const { record } = look(recordOf(failing(kept)), nodeOf(LIT, DARK));
  assert.deepEqual(record.failures.get("rack/dim"), kept);
  const at = look(recordOf(failing(kept)), nodeOf(LIT, LIT));
  assert.equal(at.record.failures.get("rack/dim")?.reachedAt, NOW, "nothing is left to do");
});

test("one mutation that is given up and needed is shown, then the next", () => {
  const failures = new Map(
    ["rack/light", "rack/cool"].map((key) => [key, failureOf({ key, held: true, attempts: 5 })]),
  );
  const cfg = { ...LIT, "/fan": "FAST", "/pump": "FAST" };
  const warm = { ...DARK, "/fan": "SLOW", "/pump": "SLOW" };
  const first = look(recordOf({ failures }), nodeOf(cfg, warm));
  assert.deepEqual(commandsOf(first, "hold").map(({ stuck }) => stuck), [
    { mutation: "rack/light", reason: "No", target: "1", attempts: 5 },
  ]);
  const still = look(first.record, nodeOf(cfg, { ...warm }));
  assert.deepEqual(commandsOf(still, "hold"), []);
  const lit = look(first.record, nodeOf(cfg, { ...warm, ...LIT }));
  assert.deepEqual(
    commandsOf(lit, "hold").map(({ stuck }) => stuck?.mutation),
    ["rack/cool"],
    "that is in the way now",
  );
});

test("a value that is lost by itself has not lasted", () => {
  const found = look(look(recordOf(), nodeOf(OFF, {})).record, nodeOf(OFF, OFF));
  assert.deepEqual(commandsOf(found, "countSuccess").map(({ mutation }) => mutation), ["machine/find"]);
  const lost = look(found.record, nodeOf(OFF, {}));
  assert.deepEqual([...lost.record.failures.values()].map(({ key, reason }) => [key, reason]), [
    ["machine/find", "Did not last"],
  ]);
});

test("a mutation of which one value is lost with the power, and one by itself, has not lasted", () => {
  const lamp = defineExtension("lamp", {
    "/lamp": { type: enumeration("UNKNOWN", "DARK", "LIT"), writer: "parent", about: "A lamp", knownWhile: {} },
  });
  const both = createPlanner(compileDomain([declareModule({
    name: "m",
    about: "For tests",
    extensions: [core, lamp],
    discovers: ["/physState", "/runState", "/lamp"],
    mutations: {
      on: { context: "parent", changes: { "/physState": ["POWER_OFF", "POWER_ON"] }, timeout: 10_000 },
      boot: {
        context: "parent",
        changes: { "/runState": ["UNKNOWN", "SYNC"], "/lamp": ["DARK", "LIT"] },
        requires: { "/physState": "POWER_ON" },
        timeout: 10_000,
      },
    },
  })]));
  const node = (seen: Some) => nodeOf({ ...UP, ...LIT }, seen, { planner: both });
  const done = look(look(recordOf(), node({ ...ON, ...DARK })).record, node({ ...UP, ...LIT }));
  assert.deepEqual(commandsOf(done, "countSuccess").map(({ mutation }) => mutation), ["m/boot"]);
  const failed = (seen: Some) =>
    [...look(done.record, node(seen)).record.failures.values()].map(({ attempts }) => attempts);
  assert.deepEqual(failed({ ...OFF, ...DARK }), [1]);
});

test("a handler that returns is noted at its own execution, and at no later one", () => {
  const begun = look(recordOf(), nodeOf(LIT, DARK));
  const execution = begun.record.executions.get("rack/light");
  assert.ok(execution);
  const over = returned(begun.record, execution);
  assert.equal(over.executions.get("rack/light")?.hasReturned, true);
  assert.equal(returned(begun.record, { ...execution, id: "another" }), begun.record, "an earlier run has returned");
});

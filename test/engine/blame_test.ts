import assert from "node:assert/strict";
import { test } from "node:test";
import { isDisruptive } from "../../src/engine/disruption.ts";
import { afterFailure } from "../../src/engine/failure_record.ts";
import { createFleet } from "../../src/engine/fleet.ts";
import { defaultEngineOptions, type EngineNode, readPolicy, validatePolicy } from "../../src/engine/mod.ts";
import { UnavailableError } from "../../src/module/mod.ts";
import type { Step } from "../../src/plan/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { createLab, type Lab, planner } from "./lab.ts";

const ON = { "/physState": "POWER_ON" };
const OFF = { "/physState": "POWER_OFF" };
const UP = { ...ON, "/runState": "SYNC" };

function nodeWith(view: Readonly<Record<string, Value>>): EngineNode {
  return {
    name: "a",
    planner,
    view: new Map(Object.entries(view)),
    cfg: new Map(Object.entries(ON)),
    target: "1",
    frozen: "no",
  };
}

/** A step that changes `/physState`. */
function powerStep(from: string, to: string): Step {
  return {
    ...{ key: "machine/step", module: "machine", mutation: "step", bindings: {}, context: "parent" },
    ...{ changes: { "/physState": [from, to] }, failTo: {}, timeout: 1000, disruption: 1, duration: 1, after: [] },
  };
}

test("what could not be tried uses no attempt up, however often", () => {
  const step = powerStep("POWER_OFF", "POWER_ON");
  const asked = (unavailable: boolean) => ({ message: "no answer", retry: true, unavailable });
  let failure = afterFailure(undefined, step, asked(true), 0, 1, defaultEngineOptions);
  for (let again = 2; again <= 10; again++) {
    failure = afterFailure(failure, step, asked(true), 0, 1, defaultEngineOptions);
    assert.deepEqual([failure.attempts, failure.unavailable, failure.held], [0, again, false]);
  }
  failure = afterFailure(failure, step, asked(false), 0, 1, defaultEngineOptions);
  assert.deepEqual([failure.attempts, failure.unavailable, failure.held], [1, undefined, false]);
});

test("a machine whose controller can't be reached is not taken for one that hangs, and is tried again and again", async () => {
  const lab = createLab();
  lab.onRun = (run) => run.reject(new UnavailableError("No answer"));
  lab.want(ON);
  lab.see(OFF);
  await lab.clock.advance(3_600_000);
  assert.ok(lab.runsOf("machine/on").length > defaultEngineOptions.maxAttempts, `${lab.runs.length} runs`);
  assert.equal(lab.seen("/physState"), "POWER_OFF");
  assert.equal(lab.holds.get("a"), undefined);
  assert.deepEqual(lab.runsOf("machine/reset"), []);
  lab.onRun = (run) => run.reject(new Error("It hangs"));
  await lab.clock.advance(3_600_000);
  assert.equal(lab.seen("/physState"), "PHYS_HANG"); // a failure of its own does tell
});

test("taking the power of a machine that has none, or of which nothing is known, cuts nothing", () => {
  const cases: readonly [from: string, to: string, isCut: boolean][] = [
    ["PHYS_UNKNOWN", "POWER_OFF", false],
    ["PHYS_UNKNOWN", "POWER_CYCLE", false],
    ["POWER_OFF", "POWER_CYCLE", false],
    ["POWER_OFF", "POWER_ON", false],
    ["POWER_ON", "POWER_OFF", true],
    ["POWER_ON", "POWER_CYCLE", true],
    ["PHYS_HANG", "POWER_OFF", true],
    ["PHYS_ERROR", "POWER_CYCLE", true],
  ];
  for (const [from, to, isCut] of cases) {
    assert.equal(isDisruptive(powerStep(from, to), nodeWith({ "/physState": from })), isCut, `${from} to ${to}`);
  }
});

test("what takes a node out of SYNC is disruptive, whether it changes /runState or what that needs", () => {
  const node = nodeWith(UP);
  const step = (url: string, from: string, to: string): Step => ({
    ...powerStep("", ""),
    changes: { [url]: [from, to] },
  });
  assert.equal(isDisruptive(step("/runState", "SYNC", "INIT"), node), true);
  assert.equal(isDisruptive(step("/runState", "INIT", "SYNC"), node), false);
  assert.equal(isDisruptive(step("/physState", "POWER_ON", "PHYS_HANG"), node), true);
  assert.equal(isDisruptive(step("/physState", "PHYS_HANG", "POWER_ON"), node), false);
  assert.equal(isDisruptive(step("/lamp", "DARK", "LIT"), node), false);
  const away = nodeWith({ "/physState": "POWER_ON", "/runState": "INIT" });
  assert.equal(isDisruptive(step("/physState", "POWER_ON", "PHYS_HANG"), away), false);
  assert.equal(isDisruptive(step("/runState", "INIT", "ERROR"), away), false);
});

test("one success does not let go what is held for the whole fleet, and one before that starts the count again", () => {
  const fleet = createFleet(() => 3, []);
  const named = (name: string) => ({ ...nodeWith(OFF), name });
  fleet.fail("machine/on", named("n1"), "no", 0);
  fleet.fail("machine/on", named("n2"), "no", 0);
  fleet.succeed("machine/on", named("n3"));
  assert.equal(fleet.fail("machine/on", named("n4"), "no", 0), undefined);
  assert.equal(fleet.fail("machine/on", named("n5"), "no", 0), undefined);
  const hold = fleet.fail("machine/on", named("n6"), "no", 7);
  assert.deepEqual(hold?.nodes, ["n4", "n5", "n6"]);
  fleet.succeed("machine/on", named("n7")); // it was in flight already
  assert.equal(fleet.holdOf("machine/on", named("n8")), hold);
  assert.deepEqual(fleet.holds(), [hold]);
  assert.deepEqual(fleet.release(), [hold]);
  assert.equal(fleet.holdOf("machine/on", named("n8")), undefined);
});

test("one that waits at another limit too does not hold up those behind it at a limit that has room", async () => {
  const rules: Readonly<Record<string, Value>> = {
    "/limits/all": { mutations: ["machine/on", "rack/light"], atMost: 2 },
    "/limits/lamps": { mutations: ["rack/light"], atMost: 1 },
  };
  for (const [url, value] of Object.entries(rules)) assert.equal(validatePolicy(url, value), undefined);
  const lab = createLab({ policy: readPolicy(new Map(Object.entries(rules))) });
  const ask = async (id: string, cfg: Readonly<Record<string, Value>>, seen: Readonly<Record<string, Value>>) => {
    lab.want(cfg, id);
    lab.see(seen, id);
    await lab.clock.advance(10);
  };
  await ask("n1", { "/lamp": "LIT" }, { "/lamp": "DARK" }); // takes the only place for lamps
  await ask("n2", ON, OFF); // takes the other place of all
  await ask("n3", { "/lamp": "LIT" }, { "/lamp": "DARK" }); // waits at both
  await ask("n4", ON, OFF); // waits behind it
  assert.deepEqual(startedOn(lab), ["n1", "n2"]);
  lab.see(ON, "n2");
  await lab.settle();
  assert.deepEqual(startedOn(lab), ["n1", "n2", "n4"]);
  lab.see({ "/lamp": "LIT" }, "n1");
  await lab.settle();
  assert.deepEqual(startedOn(lab), ["n1", "n2", "n4", "n3"]);
});

function startedOn(lab: Lab): string[] {
  return lab.runs.map(({ id }) => id);
}

test("what is lost only because its node went down has not failed to last", async () => {
  const lab = createLab();
  const results: Readonly<Record<string, Readonly<Record<string, Value>>>> = {
    "machine/on": ON,
    "machine/boot": { "/runState": "INIT" },
    "machine/join": { "/runState": "SYNC" },
  };
  lab.onRun = (run) => {
    run.finish();
    const result = results[run.key];
    if (result !== undefined) lab.clock.after(100, () => lab.see(result, run.id));
  };
  lab.want(UP);
  lab.see(OFF);
  await lab.clock.advance(5_000);
  assert.equal(lab.engine.status("a").phase, "converged");
  lab.see(OFF); // somebody takes its power: what ran on it is not known any more
  await lab.settle();
  const failed = lab.events.filter(({ kind }) => kind === "failed").map(({ mutation, why }) => `${mutation}: ${why}`);
  assert.equal(failed.length, 1, failed.join("; "));
  assert.match(failed[0] ?? "", /^machine\/on: Did not last/);
  await lab.clock.advance(60_000);
  assert.equal(lab.engine.status("a").phase, "converged");
  assert.deepEqual(lab.keysOf("failed"), ["machine/on"]);
});

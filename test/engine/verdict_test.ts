import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultPolicy } from "../../src/engine/mod.ts";
import { DeclinedError, MistakeError, PermanentError, UnavailableError } from "../../src/module/mod.ts";
import type { Sighting } from "../../src/reports.ts";
import { createLab, type Lab } from "./lab.ts";

const ON = { "/physState": "POWER_ON" };
const OFF = { "/physState": "POWER_OFF" };

/** Nodes that are off and wanted on. */
async function wantOn(lab: Lab, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    lab.want(ON, id);
    lab.see(OFF, id);
    await lab.settle();
  }
}

/** Everything that was concluded of the nodes, and what is kept of one. */
function failedOf(lab: Lab, id = "a") {
  return lab.checkpoints.get(id)?.failed?.mutations.map(({ mutation, attempts, held }) => ({
    mutation,
    attempts,
    held,
  }));
}

test("what could not even be tried uses no attempt up, however often, concludes nothing, and is held for no fleet", async () => {
  const lab = createLab({ policy: { ...defaultPolicy, failuresInARow: 2 } });
  lab.onRun = (run) => run.reject(new UnavailableError("No answer"));
  await wantOn(lab, ["a", "b", "c"]);
  await lab.clock.advance(3_600_000);
  assert.deepEqual(failedOf(lab), [{ mutation: "machine/on", attempts: 0, held: false }]);
  assert.ok(lab.runsOf("machine/on").length > 20);
  assert.equal(lab.seen("/physState"), "POWER_OFF");
  assert.deepEqual(lab.engine.holds(), []);
  assert.equal(lab.engine.status("a").phase, "backoff");
});

test("an attempt that failed for good counts, also between two that could not be tried", async () => {
  const lab = createLab();
  const errors = [new UnavailableError("No answer"), new DeclinedError("No"), new UnavailableError("No answer")];
  lab.onRun = (run) => run.reject(errors.shift() ?? new UnavailableError("No answer"));
  await wantOn(lab, ["a"]);
  await lab.clock.advance(10_000);
  assert.deepEqual(failedOf(lab), [{ mutation: "machine/on", attempts: 1, held: false }]);
});

test("what was declined uses attempts up, and concludes nothing of the node, nor of others", async () => {
  const lab = createLab({ policy: { ...defaultPolicy, failuresInARow: 2 } });
  lab.onRun = (run) => run.reject(new DeclinedError(`The BMC of ${run.id} says no`));
  await wantOn(lab, ["a", "b", "c"]);
  await lab.clock.advance(600_000);
  assert.deepEqual(failedOf(lab), [{ mutation: "machine/on", attempts: 5, held: true }]);
  assert.equal(lab.seen("/physState"), "POWER_OFF");
  assert.deepEqual(lab.engine.holds(), []);
  assert.match(lab.engine.status("b").reason ?? "", /The BMC of b says no$/);
});

test("a mistake about one node is held there at once, concludes nothing, and five of them hold nobody else up", async () => {
  const lab = createLab({ policy: { ...defaultPolicy, failuresInARow: 5 } });
  const wrong = ["a", "b", "c", "d", "e", "f"];
  lab.onRun = (run) => {
    if (!wrong.includes(run.id)) return lab.see(ON, run.id);
    run.reject(new MistakeError(`'${run.id}' has the address 'x'`));
  };
  await wantOn(lab, [...wrong, "good"]);
  await lab.clock.advance(1_000);
  assert.deepEqual(failedOf(lab), [{ mutation: "machine/on", attempts: 1, held: true }]);
  assert.equal(lab.seen("/physState"), "POWER_OFF");
  assert.deepEqual(lab.engine.holds(), []);
  assert.equal(lab.engine.status("good").phase, "converged");
  for (const id of wrong) assert.match(lab.engine.status(id).reason ?? "", new RegExp(`'${id}' has the address`));
});

test("a mistake of the mutation itself concludes what it declares, and counts for the fleet", async () => {
  const lab = createLab({ policy: { ...defaultPolicy, failuresInARow: 1 } });
  lab.onRun = (run) => run.reject(new PermanentError("No such program"));
  await wantOn(lab, ["a"]);
  assert.equal(lab.seen("/physState"), "PHYS_HANG");
  assert.deepEqual(lab.engine.holds().map(({ mutation }) => mutation).slice(0, 1), ["machine/on"]);
});

test("a timeout is judged by what the handler saw last, quotes it and says when that was", async () => {
  const cases: [sighting: Sighting, physState: string, attempts: number, held: number][] = [
    [{ words: "it said 'Off'", ifLate: "failed" }, "PHYS_HANG", 1, 1],
    [{ words: "it said no", ifLate: "refused" }, "POWER_OFF", 1, 0],
    [{ words: "it said nothing", ifLate: "unavailable" }, "POWER_OFF", 0, 0],
  ];
  for (const [sighting, physState, attempts, held] of cases) {
    const lab = createLab({ policy: { ...defaultPolicy, failuresInARow: 1 } });
    lab.onRun = (run) => run.saw({ words: "something else", ifLate: "failed" });
    await wantOn(lab, ["a"]);
    await lab.clock.advance(8_000);
    lab.runs[0]?.saw(sighting);
    await lab.clock.advance(2_000);
    const failure = lab.events.find(({ kind }) => kind === "failed");
    assert.match(failure?.why ?? "", new RegExp(`^Timed out after 10 s: ${sighting.words} \\(seen 2 s before\\)`));
    assert.equal(lab.seen("/physState"), physState);
    assert.equal(failedOf(lab)?.[0]?.attempts, attempts);
    assert.equal(lab.engine.holds().length, held, "what was seen of one node alone holds no other");
  }
});

test("a hold of the fleet quotes nothing that was seen of one node, and names the one that was last", async () => {
  const lab = createLab({ policy: { ...defaultPolicy, failuresInARow: 2 } });
  lab.onRun = (run) => run.saw({ words: `10.0.0.${run.id} said 'Off'`, ifLate: "failed" });
  await wantOn(lab, ["1", "2"]);
  await lab.clock.advance(10_000);
  assert.deepEqual(lab.engine.holds().map(({ reason }) => reason), ["Timed out after 10 s"]);
  const why = lab.events.find(({ kind }) => kind === "held")?.why;
  assert.equal(
    why,
    "machine/on failed on 2 nodes in a row for the same goals (node 1, node 2), last on node 2: Timed out after 10 s",
  );
});

test("explain() shows what a step at work has seen last", async () => {
  const lab = createLab();
  lab.onRun = () => {};
  await wantOn(lab, ["a"]);
  const state = () => lab.engine.explain("a")?.steps[0]?.state;
  assert.ok(state()?.kind === "running" && !("words" in (state() ?? {})));
  lab.runs[0]?.saw({ words: "PowerState 'PoweringOn'", ifLate: "failed" });
  const seen = state();
  assert.ok(seen?.kind === "running" && seen.words === "PowerState 'PoweringOn'");
});

test("a note of a handler is an event of its node while it is at work, and not when that is over", async () => {
  const lab = createLab();
  lab.onRun = (run) => run.note("Its power is cut: it hangs");
  await wantOn(lab, ["a"]);
  lab.see(ON);
  await lab.settle();
  lab.runs[0]?.note("too late");
  assert.deepEqual(lab.events.filter(({ kind }) => kind === "noted"), [
    { node: "node a", kind: "noted", mutation: "machine/on", why: "Its power is cut: it hangs" },
  ]);
});

test("a node that was at it already, and succeeds, does not let go of what is held for the fleet", async () => {
  const lab = createLab({ policy: { ...defaultPolicy, failuresInARow: 2 } });
  const light = { "/lamp": "LIT" };
  lab.onRun = (run) => {
    if (run.id !== "early") run.reject(new Error("No light"));
  };
  for (const id of ["early", "a", "b"]) {
    lab.want(light, id);
    lab.see({ "/lamp": "DARK" }, id);
    await lab.settle();
  }
  assert.equal(lab.engine.holds().length, 1);
  lab.see(light, "early");
  await lab.settle();
  assert.equal(lab.engine.status("early").phase, "converged");
  assert.equal(lab.engine.holds().length, 1);
  lab.want(light, "late");
  lab.see({ "/lamp": "DARK" }, "late");
  await lab.clock.advance(10_000);
  assert.deepEqual(lab.runs.filter(({ id }) => id === "late"), []);
});

test("a mutation that is held for the fleet is held at once on the nodes that only wait to try it again", async () => {
  const lab = createLab({ policy: { ...defaultPolicy, failuresInARow: 2 } });
  lab.onRun = (run) => run.reject(run.id === "c" ? new DeclinedError("Not now") : new Error("No power supply"));
  await wantOn(lab, ["c"]);
  assert.equal(lab.engine.status("c").phase, "backoff");
  await wantOn(lab, ["a", "b"]);
  assert.equal(lab.engine.status("c").phase, "stuck");
});

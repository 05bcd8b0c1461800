import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { createLab, type Lab, RESULTS, type Run } from "./lab.ts";

const IDS = ["a", "b", "c"] as const;

/** What a run of a handler comes to. */
type Outcome = "done" | "slow" | "silent" | "rejected" | "hangs the machine";

type Command =
  | { readonly kind: "want"; readonly id: string; readonly cfg: Readonly<Record<string, string>> }
  | { readonly kind: "see"; readonly id: string; readonly url: string; readonly value: string | null }
  | { readonly kind: "freeze"; readonly id: string; readonly frozen: boolean }
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "remove" | "retry"; readonly id: string }
  | { readonly kind: "restart" };

interface Scenario {
  readonly commands: readonly Command[];
  readonly outcomes: readonly Outcome[];
  readonly seed: number;
}

const id = fc.constantFrom(...IDS);
const exactly = { noNullPrototype: true };

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("want" as const), id, cfg: cfgs() }, exactly) },
  { weight: 4, arbitrary: sights() },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("freeze" as const), id, frozen: fc.boolean() }, exactly) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.integer({ min: 0, max: 40_000 }) }, exactly),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("remove" as const, "retry" as const), id }, exactly) },
  { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
);

const scenario: fc.Arbitrary<Scenario> = fc.record({
  commands: fc.array(command, { maxLength: 40 }),
  outcomes: fc.array(
    fc.constantFrom<Outcome[]>("done", "done", "slow", "silent", "rejected", "hangs the machine"),
    { maxLength: 60 },
  ),
  seed: fc.nat(),
}, exactly);

function cfgs(): fc.Arbitrary<Readonly<Record<string, string>>> {
  return fc.constantFrom<Readonly<Record<string, string>>[]>(
    {},
    { "/physState": "POWER_OFF" },
    { "/physState": "POWER_OFF", "/runState": "SYNC", "/lamp": "LIT" },
    { "/physState": "POWER_ON", "/lamp": "DARK" },
    { "/physState": "POWER_ON", "/runState": "SYNC" },
    { "/physState": "POWER_ON", "/runState": "SYNC", "/lamp": "LIT", "/fan": "FAST", "/pump": "FAST" },
    { "/runState": "SYNC", "/services/sshd/state": "RUN", "/services/slurmd/state": "RUN" },
  );
}

function sights(): fc.Arbitrary<Command> {
  const values: readonly (readonly [url: string, values: readonly (string | null)[]])[] = [
    ["/physState", [null, "POWER_OFF", "POWER_ON", "PHYS_HANG"]],
    ["/runState", [null, "INIT", "SYNC", "ERROR"]],
    ["/busy", ["FREE", "BUSY"]],
    ["/lamp", [null, "DARK", "LIT"]],
    ["/fan", ["SLOW", "FAST"]],
    ["/pump", ["SLOW", "FAST"]],
    ["/services/sshd/state", [null, "RUN", "ERROR"]],
  ];
  return fc.oneof(...values.map(([url, some]) =>
    fc.record({
      kind: fc.constant("see" as const),
      id,
      url: fc.constant(url),
      value: fc.constantFrom(...some),
    }, exactly)
  ));
}

/** Numbers that follow from a seed alone (a linear congruential generator; the constants are those of C's drand48). */
function seeded(seed: number): () => number {
  let state = (BigInt(seed) << 16n) + 0x330en;
  return () => {
    state = (state * 0x5deece66dn + 0xbn) & 0xffffffffffffn;
    return Number(state) / 2 ** 48;
  };
}

/** Executions, as the events tell of them. Fails when one is started twice. */
function watchExecutions(lab: Lab): Set<string> {
  const running = new Set<string>();
  lab.onEvent = (event, node) => {
    const name = `${node} ${event.mutation}`;
    switch (event.kind) {
      case "started":
      case "retry":
      case "awaited":
        assert.ok(!running.has(name), `${name} runs already`);
        running.add(name);
        if (event.kind === "awaited") agentObeys(lab, node, event.mutation ?? "");
        break;
      case "done":
      case "failed":
      case "aborted":
        running.delete(name);
    }
  };
  return running;
}

/** A node's agent starts services a little later, if it is still there. */
function agentObeys(lab: Lab, node: string, key: string): void {
  const name = /name=(.*)}/.exec(key)?.[1];
  lab.clock.after(500, () => {
    if (lab.seen("/runState", node) === "SYNC") lab.see({ [`/services/${name}/state`]: "RUN" }, node);
  });
}

/** Does what a handler does: values arrive one by one. */
function act(lab: Lab, run: Run, outcome: Outcome): void {
  if (outcome === "rejected") return run.reject(new Error("Refused"));
  run.finish();
  if (outcome === "silent") return;
  const result = Object.entries(
    outcome === "hangs the machine" ? { "/physState": "PHYS_HANG" } : RESULTS[run.key] ?? {},
  );
  for (const [place, [url, value]] of result.entries()) {
    lab.clock.after((outcome === "slow" ? 8000 : 1000) + place * 300, () => {
      if (!run.signal.aborted) lab.see({ [url]: value }, run.id);
    });
  }
}

function apply(lab: Lab, command: Command): void {
  switch (command.kind) {
    case "want":
      return lab.want(command.cfg, command.id);
    case "see":
      return lab.see({ [command.url]: command.value }, command.id);
    case "freeze":
      return lab.freeze(command.frozen, command.id);
    case "remove":
      lab.remove(command.id);
      return lab.engine.touch(command.id);
    case "retry":
      return lab.engine.retry(command.id);
    case "restart":
      return lab.restart();
    case "advance":
      return;
  }
}

function atRest(lab: Lab): boolean {
  return IDS.every((id) => ["converged", "blocked", "stuck"].includes(lab.engine.status(id).phase));
}

/** Plays a scenario, checks what must hold all along, then lets faults stop and checks where every node ends. */
async function play({ commands, outcomes, seed }: Scenario): Promise<Lab> {
  const lab = createLab({
    random: seeded(seed),
    options: { maxAttempts: 3, backoffBase: 500, backoffCap: 4000, settle: 20_000, resync: 30_000 },
  });
  const running = watchExecutions(lab);
  const left = [...outcomes];
  lab.onRun = (run) => act(lab, run, left.shift() ?? "done");
  for (const id of IDS) lab.want({}, id);
  const removed = new Set<string>();
  for (const command of commands) {
    if (command.kind === "remove") removed.add(command.id);
    if (command.kind === "want") removed.delete(command.id);
    apply(lab, command);
    await lab.clock.advance(command.kind === "advance" ? command.ms : 0);
    const shown = IDS.flatMap((id) => lab.engine.status(id).running.map(({ key }) => `${id} ${key}`));
    assert.deepEqual(new Set(shown), running);
  }

  left.length = 0; // faults stop
  for (const id of IDS) {
    lab.freeze(false, id);
    if (removed.has(id)) lab.want({}, id);
    lab.engine.retry(id);
  }
  await lab.settle();
  await lab.clock.runUntil(() => atRest(lab), 600_000);
  for (const id of IDS) {
    const { phase, reason } = lab.engine.status(id);
    assert.ok(phase !== "stuck" || lab.holds.has(id), `${id} is stuck without a hold`);
    assert.ok(phase !== "blocked" || reason !== undefined, `${id} is blocked without a reason`);
  }
  for (const id of IDS) lab.engine.retry(id); // what the last faults left behind
  await lab.settle();
  await lab.clock.runUntil(() => atRest(lab), 600_000);
  await lab.clock.advance(100_000);
  for (const id of IDS) {
    const { phase, running } = lab.engine.status(id);
    assert.ok(phase === "converged" || phase === "blocked", `${id} is ${phase}`);
    assert.deepEqual(running, []);
  }
  assert.equal(lab.holds.size, 0);
  assert.equal(lab.clock.waiting, 1, "Only the resync may wait");
  lab.engine.stop();
  assert.equal(lab.clock.waiting, 0);
  return lab;
}

/** What has to come about in some schedule. */
const SEEN = ["started", "retry", "awaited", "done", "failed", "aborted", "stuck", "no-path", "converged"] as const;

test("whatever happens, a mutation never runs twice, no timer is left, and nodes end at their goal", async () => {
  const covered = createCoverage("the engine's schedules", [...SEEN, "twenty commands"], 0.02);
  await fc.assert(
    fc.asyncProperty(scenario, async (played) => {
      const { events } = await play(played);
      const kinds = new Set(events.map(({ kind }) => kind));
      covered.saw(
        ...SEEN.filter((kind) => kinds.has(kind)),
        ...(played.commands.length >= 20 ? ["twenty commands"] as const : []),
      );
    }),
    { numRuns: 150 },
  );
  covered.check();
});

test("the same seed plays the same events", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (played) => {
      const [first, second] = [await play(played), await play(played)];
      assert.deepEqual(first.events, second.events);
    }),
    { numRuns: 15 },
  );
});

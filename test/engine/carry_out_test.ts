import assert from "node:assert/strict";
import { test } from "node:test";
import { createCarrier } from "../../src/engine/carry_out.ts";
import type { EngineCommand } from "../../src/engine/command.ts";
import type { EngineNode } from "../../src/engine/mod.ts";
import type { Execution } from "../../src/engine/record.ts";
import { createRuleBook } from "../../src/engine/rule_book.ts";
import type { FleetHold } from "../../src/engine/types.ts";
import type { MutationKey } from "../../src/plan/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { DARK, LIT, look, nodeOf, recordOf } from "./decisions.ts";

const LIGHT: MutationKey = "rack/light";
const HOLD: FleetHold = { mutation: LIGHT, goals: "g", nodes: ["n1", "n2"], reason: "No lamp", since: 0 };

/** A carrier whose parts write down what they are told; `holds`: whether a failure holds a mutation for the fleet. */
function make({ holds = false } = {}) {
  const clock = createVirtualClock();
  const told: string[] = [];
  const counts = { plans: 0, mutations: 0, retries: 0, failures: 0 };
  const node = nodeOf(LIT, DARK);
  const { record } = look(recordOf(), node);
  const [execution] = record.executions.values();
  assert.ok(execution !== undefined);
  const say = (...words: readonly unknown[]) => void told.push(words.map(String).join(" "));
  const source = { nodes: () => ["a"], read: () => node };
  const carrier = createCarrier({
    host: {
      role: "parent",
      source,
      executor: {
        run: () => Promise.resolve(),
        discover: (id, url, value) => say("discover", id, url, value),
        approve: (id, mutation) => say("approve", id, mutation),
      },
      journal: {
        log: ({ kind, node, mutation, why }) => say("log", kind, node, mutation, why.slice(0, 12)),
        timed: (mutation, duration, outcome) => say("timed", mutation, duration, outcome),
        hold: (id, stuck) => say("hold", id, stuck?.reason),
        held: () => undefined,
      },
      checkpoints: {
        write: (id, { reached }) => say("write", id, reached),
        read: () => undefined,
        isWritable: () => true,
      },
    },
    clock,
    handlers: {
      start: (id, { id: run }) => say("start", id, run),
      await: (id, { id: run }) => say("await", id, run),
      extend: (id, { id: run }) => say("extend", id, run),
      end: ({ id }, { id: run }, why) => say("end", id, run, why),
      unreturnedOf: () => undefined,
      stop() {},
    },
    book: {
      ...createRuleBook(source, clock, new Map(), () => {}),
      acquire: (id, _node, step, out) => say("acquire", id, step.key, out),
      release: (id, mutation) => say("release", id, mutation),
      assess: (id, _node, out, unhealthy) => say("assess", id, out, unhealthy),
      wait: (id, _node, waits, out) => say("wait", id, waits.length, out),
    },
    fleet: {
      fail(key, _node, reason) {
        say("fail", key, reason);
        return holds ? HOLD : undefined;
      },
      succeed: (key) => say("succeed", key),
      holdOf: () => undefined,
      holds: () => [],
      release: () => [],
    },
    counts,
    touch: (id) => say("touch", id),
    onFleetHold: () => say("held for the fleet"),
    onFound: (id) => say("found", id),
  });
  const carry = (command: EngineCommand, of: EngineNode | undefined = node) => {
    told.length = 0;
    carrier.carryOut(record, of, command);
    return [...told];
  };
  const gone = (command: EngineCommand) => {
    told.length = 0;
    carrier.carryOut(record, undefined, command);
    return [...told];
  };
  return { clock, counts, told, carry, gone, execution, node };
}

test("each command goes to the part that carries it out", () => {
  const { carry, execution } = make();
  const { step } = execution;
  const stuck = { mutation: LIGHT, reason: "No", target: "1", attempts: 5 };
  const event = { node: "n1", kind: "converged", why: "All goals are reached" } as const;
  const cases: [command: EngineCommand, told: string[]][] = [
    [{ kind: "acquire", step, out: "NO" }, ["acquire a rack/light NO"]],
    [{ kind: "release", mutation: LIGHT }, ["release a rack/light"]],
    [{ kind: "start", execution, again: false }, ["start a r-1"]],
    [{ kind: "await", execution }, ["await a r-1"]],
    [{ kind: "extend", execution }, ["extend a r-1"]],
    [{ kind: "discover", url: "/lamp", value: "DARK" }, ["discover a /lamp DARK"]],
    [{ kind: "approve", mutation: LIGHT }, ["approve a rack/light"]],
    [{ kind: "remember", checkpoint: { reached: "1", out: "NO" }, required: false }, ["write a 1"]],
    [{ kind: "hold", stuck }, ["hold a No"]],
    [{ kind: "countSuccess", mutation: LIGHT }, ["succeed rack/light"]],
    [{ kind: "assess", out: "CUT", unhealthy: true }, ["assess a CUT true"]],
    [{ kind: "wait", waits: [] }, ["wait a 0 NO"]],
    [{ kind: "look" }, ["touch a"]],
    [{ kind: "log", event }, ["log converged n1 undefined All goals ar"]],
  ];
  for (const [command, told] of cases) assert.deepEqual(carry(command), told, command.kind);
});

test("an execution that ends is timed, and gives its places back where it is of this program", async () => {
  const { carry, execution, clock } = make();
  await clock.advance(5_000);
  const end = (about: Partial<Execution>): EngineCommand => ({
    kind: "end",
    execution: { ...execution, since: 2_000, ...about },
    outcome: "failed",
    why: "Over",
  });
  const timed = "timed rack/light 3000 failed";
  assert.deepEqual(carry(end({})), ["end a r-1 Over", timed, "release a rack/light"]);
  assert.deepEqual(carry(end({ isOurs: false })), ["end a r-1 Over", timed]);
});

test("what needs a node is left where that is gone", () => {
  const { gone, execution: { step } } = make();
  const commands: EngineCommand[] = [
    ...[{ kind: "acquire", step, out: "NO" }, { kind: "countSuccess", mutation: LIGHT }] as const,
    ...[{ kind: "assess", out: "NO", unhealthy: true }, { kind: "wait", waits: [] }] as const,
    { kind: "countFailure", mutation: LIGHT, reason: "No lamp" },
  ];
  for (const command of commands) assert.deepEqual(gone(command), [], command.kind);
});

test("starts, retries, plans and failures are counted", () => {
  const { carry, counts, execution } = make();
  carry({ kind: "start", execution, again: false });
  carry({ kind: "start", execution, again: true });
  carry({ kind: "await", execution });
  carry({ kind: "countPlan" });
  carry({ kind: "countFailure", mutation: LIGHT, reason: undefined });
  assert.deepEqual(counts, { plans: 1, mutations: 2, retries: 1, failures: 1 });
});

test("only a failure with a reason counts for the fleet, and one that holds a mutation is logged and told", () => {
  const failure = (reason: string | undefined): EngineCommand => ({ kind: "countFailure", mutation: LIGHT, reason });
  const plain = make();
  assert.deepEqual(plain.carry(failure(undefined)), []);
  assert.deepEqual(plain.carry(failure("No lamp")), ["fail rack/light No lamp"]);
  const told = make({ holds: true }).carry(failure("No lamp"));
  assert.equal(told.length, 3);
  assert.match(told[1] ?? "", /^log held {2}rack\/light /);
  assert.equal(told[2], "held for the fleet");
});

test("a look at a time replaces the one before, and none is left once it was taken back", async () => {
  const { carry, clock, told } = make();
  carry({ kind: "lookAt", at: 5_000 });
  carry({ kind: "lookAt", at: 8_000 });
  await clock.advance(7_999);
  assert.deepEqual(told, []);
  await clock.advance(1);
  assert.deepEqual(told, ["touch a"]);
  carry({ kind: "lookAt", at: 9_000 });
  carry({ kind: "lookAt", at: undefined });
  assert.equal(clock.waiting, 0);
  await clock.advance(60_000);
  assert.deepEqual(told, []);
});

test("a plan that is searched for is told of when it is found", async () => {
  const { carry, told, node } = make();
  let found = () => {};
  const planner = { ...node.planner, found: () => new Promise<void>((resolve) => void (found = resolve)) };
  carry({ kind: "search", question: node }, { ...node, planner });
  await Promise.resolve();
  assert.deepEqual(told, []);
  found();
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual(told, ["found a"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { createEnrolment, type Enrolment, TOKEN_LIFE, TOKEN_SHAPE } from "../../aggregator/boot/enrolment.ts";
import { openMemoryStore } from "../../aggregator/store/memory.ts";
import type { Store } from "../../aggregator/store/mod.ts";
import { createLog } from "../../src/log.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

const MACS = ["52:54:00:77:00:01", "52:54:00:77:00:02"];
const ID = (machine: number): string => `00000000-0000-4000-8000-00000000000${machine}`;

interface World {
  enrolment: Enrolment;
  readonly store: Store;
  readonly lines: string[];
  readonly ended: string[];
  readonly clock: ReturnType<typeof createVirtualClock>;
  restart(): void;
}

function makeWorld(): World {
  const store = openMemoryStore();
  const lines: string[] = [];
  const ended: string[] = [];
  const clock = createVirtualClock();
  const make = (): Enrolment =>
    createEnrolment({
      store,
      facts: store.load().facts,
      clock,
      log: createLog((line) => lines.push(line)),
      onEnd: (id) => ended.push(id),
    });
  const world: World = {
    enrolment: make(),
    ...{ store, lines, ended, clock },
    restart() {
      world.enrolment = make();
    },
  };
  return world;
}

type Action =
  | { readonly kind: "script"; readonly machine: number }
  /** With the token of so many scripts before the last one, from the machine that had it or from the other one. */
  | { readonly kind: "enrol"; readonly isOther: boolean; readonly token: number }
  | { readonly kind: "off"; readonly machine: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "restart" };

const machine = fc.integer({ min: 0, max: 1 });
const plain = { noNullPrototype: true };
const ACTION: fc.Arbitrary<Action> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("script" as const), machine }, plain) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("enrol" as const),
      isOther: fc.constantFrom(false, false, false, true),
      token: fc.nat({ max: 2 }),
    }, plain),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("off" as const), machine }, plain) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.constantFrom(1, TOKEN_LIFE / 4, TOKEN_LIFE - 1, TOKEN_LIFE),
    }, plain),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
);

test("in any order of scripts, enrolments, expiry, power and restarts, a token is good once, for its machine, in its time", async () => {
  const classes = ["taken", "used", "expired", "unknown", "other-machine", "identity ended", "restart"] as const;
  const covered = createCoverage("tokens that are tried", classes, 0.1);
  await fc.assert(
    fc.asyncProperty(fc.array(ACTION, { maxLength: 30 }), async (actions) => {
      const world = makeWorld();
      const reached: (typeof classes)[number][] = [];
      const tokens: { readonly token: string; readonly machine: number; readonly until: number; spent: boolean }[] = [];
      const passwords: { readonly password: string; readonly machine: number; over: boolean }[] = [];
      const end = (machine: number) => {
        for (const token of tokens) if (token.machine === machine) token.spent = true;
        for (const password of passwords) if (password.machine === machine) password.over = true;
      };
      for (const action of actions) {
        switch (action.kind) {
          case "script": {
            end(action.machine);
            const token = world.enrolment.issue(ID(action.machine), MACS[action.machine] ?? "");
            tokens.push({ token, machine: action.machine, until: world.clock.wall() + TOKEN_LIFE, spent: false });
            break;
          }
          case "enrol": {
            const known = tokens[tokens.length - 1 - action.token];
            const asking = known === undefined ? 0 : action.isOther ? 1 - known.machine : known.machine;
            const isGood = known !== undefined && !known.spent && !action.isOther &&
              world.clock.wall() < known.until;
            const answer = world.enrolment.exchange(known?.token ?? "no-such-token-at-all", MACS[asking] ?? "");
            assert.equal(answer.ok, isGood, JSON.stringify(actions));
            reached.push(answer.ok ? "taken" : answer.reason);
            if (!answer.ok || known === undefined) break;
            known.spent = true;
            assert.equal(answer.id, ID(asking));
            passwords.push({ password: answer.password, machine: asking, over: false });
            break;
          }
          case "off":
            end(action.machine);
            world.enrolment.end(ID(action.machine));
            break;
          case "wait":
            await world.clock.advance(action.ms);
            break;
          case "restart":
            world.restart();
            reached.push("restart");
        }
        for (const { password, machine, over } of passwords) {
          assert.equal(world.enrolment.isIdentity(ID(machine), password), !over, JSON.stringify(actions));
          assert.equal(world.enrolment.isIdentity(ID(1 - machine), password), false);
        }
      }
      covered.saw(...reached, ...(world.ended.length > 0 ? ["identity ended" as const] : []));
      const kept = JSON.stringify([...world.store.load().facts]) + world.lines.join("");
      for (const secret of [...tokens.map(({ token }) => token), ...passwords.map(({ password }) => password)]) {
        assert.ok(!kept.includes(secret), "a secret is kept or logged");
      }
    }),
    { numRuns: 150 },
  );
  covered.check();
});

test("who tries a token again, one of another machine, an old one or none is told apart, counted and logged", async () => {
  const world = makeWorld();
  const reasonOf = (token: string, machine = 0): string => {
    const answer = world.enrolment.exchange(token, MACS[machine] ?? "");
    return answer.ok ? "taken" : answer.reason;
  };
  const first = world.enrolment.issue(ID(0), MACS[0] ?? "");
  assert.equal(reasonOf(first, 1), "other-machine");
  assert.equal(reasonOf(first), "taken");
  assert.equal(reasonOf(first), "used");
  assert.equal(reasonOf("x".repeat(43)), "unknown");
  const second = world.enrolment.issue(ID(0), MACS[0] ?? "");
  assert.deepEqual(world.ended, [ID(0)]);
  await world.clock.advance(TOKEN_LIFE);
  assert.equal(reasonOf(second), "expired");
  const refused = { "unknown": 1, "used": 1, "expired": 1, "other-machine": 1 };
  assert.deepEqual(world.enrolment.counts, { issued: 2, enrolled: 1, refused });
  assert.equal(world.lines.filter((line) => line.includes("Refused an enrolment")).length, 4);
});

test("who tries tokens without end does not fill the log: all are counted, few lines are written, and the next says how many were not", async () => {
  const world = makeWorld();
  const refusals = () => world.lines.filter((line) => line.includes("Refused an enrolment"));
  for (let n = 0; n < 1_000; n++) world.enrolment.exchange(`${n}`.padStart(43, "x"), MACS[0] ?? "");
  assert.equal(world.enrolment.counts.refused.unknown, 1_000);
  assert.equal(refusals().length, 20);
  await world.clock.advance(5_000);
  world.enrolment.exchange("x".repeat(43), MACS[0] ?? "");
  assert.equal(refusals().length, 21);
  assert.equal(JSON.parse(refusals()[20] ?? "{}").unlogged, 980);
});

test("a token that can't be stored is none, and one whose use can't be stored can be used again", () => {
  const world = makeWorld();
  const token = world.enrolment.issue(ID(0), MACS[0] ?? "");
  const { commit } = world.store;
  world.store.commit = () => {
    throw new Error("disk is full");
  };
  assert.throws(() => world.enrolment.issue(ID(0), MACS[0] ?? ""), /disk is full/);
  assert.throws(() => world.enrolment.exchange(token, MACS[0] ?? ""), /disk is full/);
  world.store.commit = commit;
  assert.ok(world.enrolment.exchange(token, MACS[0] ?? "").ok);
});

test("an identity whose end can't be stored is void all the same, and so is its token", () => {
  const world = makeWorld();
  const first = world.enrolment.exchange(world.enrolment.issue(ID(0), MACS[0] ?? ""), MACS[0] ?? "");
  const token = world.enrolment.issue(ID(1), MACS[1] ?? "");
  const { commit } = world.store;
  world.store.commit = () => {
    throw new Error("disk is full");
  };
  for (const machine of [0, 1]) world.enrolment.end(ID(machine));
  world.store.commit = commit;
  assert.ok(first.ok);
  assert.equal(world.enrolment.isIdentity(ID(0), first.password), false);
  assert.deepEqual(world.ended, [ID(0)], "the one that had an identity loses its connections");
  assert.equal(world.enrolment.exchange(token, MACS[1] ?? "").ok, false);
  assert.ok(world.lines.some((line) => line.includes("Cannot write to the store") && line.includes("disk is full")));
});

test("what was given to machines is known after a restart, and what of it can't be read is logged and void", () => {
  const world = makeWorld();
  const token = world.enrolment.issue(ID(0), MACS[0] ?? "");
  const [[key = "", fact = ""] = []] = [...world.store.load().facts];
  assert.equal(key, `boot/${ID(0)}`);
  const facts = new Map([
    [key, fact],
    ["boot/broken", "{"],
    ["boot/odd", JSON.stringify({ mac: MACS[0], identity: "short" })],
    ["boot/over", ""],
    ["other/fact", "{"],
  ]);
  const lines: string[] = [];
  const parts = { store: world.store, clock: world.clock, log: createLog((line) => lines.push(line)), onEnd() {} };
  const enrolment = createEnrolment({ ...parts, facts });
  assert.deepEqual(lines.map((line) => JSON.parse(line)).map(({ level, fact }) => [level, fact]), [
    ...[["error", "boot/broken"], ["error", "boot/odd"]],
  ]);
  const exchanged = enrolment.exchange(token, MACS[0] ?? "");
  assert.ok(exchanged.ok);
  assert.match(exchanged.password, /^[\w-]{43}$/);
});

test("a token lasts ten minutes, and is over at the end of them", async () => {
  const world = makeWorld();
  assert.equal(TOKEN_LIFE, 600_000);
  const token = world.enrolment.issue(ID(0), MACS[0] ?? "");
  await world.clock.advance(TOKEN_LIFE - 1);
  assert.ok(world.enrolment.exchange(token, MACS[0] ?? "").ok);
  const late = world.enrolment.issue(ID(0), MACS[0] ?? "");
  await world.clock.advance(TOKEN_LIFE);
  const answer = world.enrolment.exchange(late, MACS[0] ?? "");
  assert.equal(!answer.ok && answer.reason, "expired");
});

test("the end of a boot that had no identity drops nobody, and of one that is not known changes nothing", () => {
  const world = makeWorld();
  const token = world.enrolment.issue(ID(0), MACS[0] ?? "");
  world.enrolment.end(ID(0));
  world.enrolment.end(ID(1));
  assert.deepEqual(world.ended, []);
  const answer = world.enrolment.exchange(token, MACS[0] ?? "");
  assert.equal(!answer.ok && answer.reason, "unknown");
  assert.equal(world.store.load().facts.has(`boot/${ID(1)}`), false);
  assert.equal(TOKEN_SHAPE.length, token.length, "what has the form of a token is as long as one");
});

test("an enrolment is logged with node and machine, and a refusal with the reason", () => {
  const world = makeWorld();
  const token = world.enrolment.issue(ID(0), MACS[0] ?? "");
  world.enrolment.exchange(token, MACS[1] ?? "");
  world.enrolment.exchange(token, MACS[0] ?? "");
  world.enrolment.exchange("x".repeat(43), MACS[0] ?? "");
  const logged = world.lines.map((line) => JSON.parse(line)).map(({ message, node, mac, reason }) => [
    ...[message, node, mac, reason],
  ]);
  assert.deepEqual(logged, [
    ["Refused an enrolment", ID(0), MACS[1], "other-machine"],
    ["Enrolled", ID(0), MACS[0], undefined],
    ["Refused an enrolment", undefined, MACS[0], "unknown"],
  ]);
});

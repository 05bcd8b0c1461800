import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { type Policy, readPolicy } from "../../src/engine/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { createLab, type Lab, type Run } from "./lab.ts";

/** Nodes that are there at the start; the others may join later. */
const FIRST = 10;
const IDS = Array.from({ length: 13 }, (_, index) => `n${index + 1}`);
const POLICY: Policy = readPolicy(
  new Map<string, Value>([
    ["/limits/power", { mutations: ["machine/on"], atMost: 3, perSecond: 2 }],
    ["/limits/rack", { mutations: ["machine/o*"], by: "/rack", atMost: 2 }],
    ["/invariants/away", { kind: "away", atMost: "30%" }],
    ["/invariants/chassis", { kind: "transition", by: "/chassis", atMost: 1 }],
    ["/invariants/lit", { kind: "never", when: { "/lamp": "LIT" } }],
    ["/invariants/brake", { kind: "brake", unhealthyAbove: "40%" }],
    ["/engine/config", { failuresInARow: 1000 }],
  ]),
);
const DISRUPTIVE = ["machine/off", "machine/reset"];
const rackOf = (id: string) => `r${Number(id.slice(1)) % 3}`;
const chassisOf = (id: string) => `c${Number(id.slice(1)) % 5}`;

type Cfg = Readonly<Record<string, string>>;
type Command =
  | { readonly kind: "want"; readonly ids: readonly string[]; readonly cfg: Cfg }
  | { readonly kind: "see"; readonly ids: readonly string[]; readonly dsc: Cfg }
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "freeze"; readonly ids: readonly string[]; readonly frozen: boolean }
  /** Nodes join as they are first seen, or leave. */
  | { readonly kind: "join"; readonly ids: readonly string[]; readonly dsc: Cfg }
  | { readonly kind: "leave"; readonly ids: readonly string[] }
  | { readonly kind: "retry"; readonly ids: readonly string[] }
  | { readonly kind: "restart" }
  | { readonly kind: "policy" };

const exactly = { noNullPrototype: true };
const some = fc.subarray(IDS, { minLength: 1 });
const SYNC = { "/physState": "POWER_ON", "/runState": "SYNC" };
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("want" as const),
      ids: some,
      cfg: fc.constantFrom<Cfg[]>(SYNC, SYNC, { "/physState": "POWER_OFF" }, { "/physState": "POWER_ON" }, {}),
    }, exactly),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("see" as const),
      ids: some,
      dsc: fc.constantFrom<Cfg[]>(
        { "/physState": "POWER_OFF" },
        { "/physState": "PHYS_HANG" },
        SYNC,
        { "/runState": "ERROR" },
        { "/lamp": "LIT" },
        { "/lamp": "DARK" },
      ),
    }, exactly),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.integer({ min: 0, max: 30_000 }) }, exactly),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("freeze" as const), ids: some, frozen: fc.boolean() }, exactly),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("join" as const),
      ids: some,
      dsc: fc.constantFrom<Cfg[]>(SYNC, SYNC, { "/physState": "POWER_OFF" }, {}),
    }, exactly),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("leave" as const),
      ids: fc.subarray(IDS, { minLength: 1, maxLength: 4 }),
    }, exactly),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("retry" as const), ids: some }, exactly) },
  { weight: 1, arbitrary: fc.constantFrom<Command[]>({ kind: "restart" }, { kind: "policy" }) },
);

/** What a handler does: 0 nothing, 1 fails, others succeed after so many times 400 ms. */
type Outcomes = readonly number[];

const RESULTS: { readonly [key: string]: Cfg } = {
  "machine/find": { "/physState": "POWER_OFF" },
  "machine/on": { "/physState": "POWER_ON" },
  "machine/off": { "/physState": "POWER_OFF" },
  "machine/reset": { "/physState": "POWER_OFF" },
  "machine/boot": { "/runState": "INIT" },
  "machine/join": { "/runState": "SYNC" },
};

/**
 * Watches from outside: what has been done to each node, by its own bookkeeping of runs and of what is seen, and what the
 * rules say of that at the moment at which something starts.
 */
function watch(lab: Lab) {
  const cfgs = new Map<string, Cfg>();
  /** Nodes that were taken out of SYNC by us and have not been seen back. */
  const away = new Set<string>();
  /** Nodes to which something disruptive was done, that have not been seen back in SYNC or at their goal. */
  const moving = new Set<string>();
  /** The cfg that a node was last seen to have reached. */
  const reached = new Map<string, Cfg>();
  const starts: number[] = [];
  let broken: unknown;

  const inSync = (id: string) => lab.seen("/runState", id) === "SYNC";
  const isThere = (id: string) => cfgs.has(id);
  function atGoal(id: string): boolean {
    return Object.entries(cfgs.get(id) ?? {}).every(([url, value]) =>
      url.startsWith("/c") || url.startsWith("/r") && url !== "/runState" || lab.seen(url, id) === value
    );
  }
  function flying(): Run[] {
    return lab.runs.filter((run) => !over.has(run));
  }
  const over = new Set<Run>();

  /** Lets those go that are back. */
  function welcomeBack(): void {
    const disturbing = new Set(flying().filter(({ key }) => DISRUPTIVE.includes(key)).map(({ id }) => id));
    for (const id of away) if (inSync(id) && !disturbing.has(id)) away.delete(id);
    for (const id of moving) if ((inSync(id) || atGoal(id)) && !disturbing.has(id)) moving.delete(id);
  }
  /** To be called whenever the engine has looked at everything. */
  function note(): void {
    welcomeBack();
    for (const [id, cfg] of cfgs) if (atGoal(id)) reached.set(id, cfg);
  }
  function check(run: Run): void {
    const { id, key } = run;
    welcomeBack();
    const inFlight = flying();
    if (key === "machine/on") {
      assert.ok(inFlight.filter((other) => other.key === key).length <= 3, "too many powered on at once");
      starts.push(run.at);
      const lately = starts.filter((at) => at > run.at - 2000).length;
      assert.ok(lately <= 2 + 2 * 2, `${lately} were powered on within 2 s`);
    }
    const rack = inFlight.filter((other) => /machine\/o/.test(other.key) && rackOf(other.id) === rackOf(id));
    assert.ok(!/machine\/o/.test(key) || rack.length <= 2, "too many in a rack");
    if (DISRUPTIVE.includes(key)) {
      assert.notEqual(lab.seen("/lamp", id), "LIT", "a node that was lit was disturbed");
      const before = away.size;
      if (inSync(id)) away.add(id);
      const most = Math.floor(0.3 * cfgs.size); // more may be away when others are gone, but none is added
      assert.ok(away.size <= Math.max(most, before), `${[...away].join()} of ${cfgs.size} are away because of us`);
      moving.add(id);
      const both = [...moving].filter((other) => chassisOf(other) === chassisOf(id));
      assert.deepEqual(both, [id], `${both.join()} of a chassis are in transition`);
    }
    const unhealthy = IDS.filter((each) => isThere(each) && !atGoal(each) && reached.get(each) === cfgs.get(each));
    if (unhealthy.includes(id) && key !== "machine/find" && key !== "machine/boot") {
      const few = unhealthy.length * 100 <= 40 * cfgs.size;
      assert.ok(few, `${id} is repaired while ${unhealthy.length} of ${cfgs.size} are unhealthy`);
    }
  }
  return {
    /** Checks what starts. What it finds is kept: thrown here it would look like a handler that fails. */
    start(run: Run): void {
      try {
        check(run);
      } catch (error) {
        broken ??= error;
      }
    },
    /** @throws What was broken. */
    report(): void {
      if (broken !== undefined) throw broken;
    },
    /** The program starts again: what ran is cut off, and a rate begins anew. */
    restart(): void {
      for (const run of lab.runs) over.add(run);
      starts.length = 0;
    },
    note,
    over,
    isThere,
    leave(id: string): void {
      for (const known of [cfgs, away, moving, reached]) known.delete(id);
    },
    want(id: string, cfg: Cfg): void {
      cfgs.set(id, cfg);
    },
  };
}

async function play(commands: readonly Command[], outcomes: Outcomes): Promise<Lab> {
  const lab = createLab({
    policy: POLICY,
    options: { maxAttempts: 3, backoffBase: 500, backoffCap: 4000, settle: 5000, resync: 30_000, grace: 3000 },
  });
  const watcher = watch(lab);
  const left = [...outcomes];
  let sees = false;
  lab.onEvent = (event, id) => {
    if (!["done", "failed", "aborted"].includes(event.kind)) return;
    for (const run of lab.runs) if (run.id === id && run.key === event.mutation) watcher.over.add(run);
  };
  lab.onRun = (run) => {
    watcher.start(run);
    const outcome = left.shift() ?? 2;
    if (outcome === 1) return run.reject(new Error("Refused"));
    run.finish();
    if (outcome === 0) return;
    lab.clock.after(outcome * 400, () => {
      if (run.signal.aborted) return;
      lab.see(RESULTS[run.key] ?? {}, run.id);
      sees = true;
    });
  };
  function want(id: string, cfg: Cfg): void {
    const whole = { ...cfg, "/rack": rackOf(id), "/chassis": chassisOf(id) };
    watcher.want(id, whole);
    lab.want(whole, id);
  }
  for (const id of IDS.slice(0, FIRST)) {
    want(id, SYNC);
    lab.see(SYNC, id);
  }
  await lab.settle();
  watcher.note();
  async function advance(ms: number): Promise<void> {
    const end = lab.clock.now() + ms;
    do {
      sees = false;
      await lab.clock.runUntil(() => sees || lab.clock.now() >= end, Math.max(0, end - lab.clock.now())).catch(
        () => {},
      );
      await lab.settle();
      watcher.note();
    } while (sees && lab.clock.now() < end);
    await lab.clock.advance(Math.max(0, end - lab.clock.now()));
    watcher.note();
  }
  for (const command of commands) {
    switch (command.kind) {
      case "want":
        for (const id of command.ids.filter(watcher.isThere)) want(id, command.cfg);
        break;
      case "join":
        for (const id of command.ids) {
          if (watcher.isThere(id)) continue;
          want(id, SYNC);
          lab.see(command.dsc, id);
        }
        break;
      case "leave":
        for (const id of command.ids) {
          watcher.leave(id);
          lab.remove(id);
          lab.engine.touch(id);
        }
        break;
      case "see":
        for (const id of command.ids) lab.see(command.dsc, id);
        break;
      case "freeze":
        for (const id of command.ids) lab.freeze(command.frozen, id);
        break;
      case "retry":
        for (const id of command.ids) lab.engine.retry(id);
        break;
      case "restart":
        watcher.restart();
        lab.restart();
        break;
      case "policy":
        lab.engine.setPolicy(POLICY);
        break;
      case "advance":
        await advance(command.ms);
    }
    await advance(0);
    watcher.report();
  }
  // Nothing is held up for ever: without faults nodes come to their goal, though every limit and bound stays.
  left.length = 0;
  lab.engine.setPolicy({ ...POLICY, invariants: POLICY.invariants.filter(({ kind }) => kind !== "brake") });
  lab.onRun = (run) => {
    run.finish();
    lab.clock.after(100, () => run.signal.aborted || lab.see(RESULTS[run.key] ?? {}, run.id));
  };
  const there = IDS.filter(watcher.isThere);
  for (const id of there) {
    lab.freeze(false, id);
    lab.see({ "/lamp": "DARK" }, id);
    want(id, SYNC);
  }
  await lab.clock.advance(60_000);
  for (const id of there) lab.engine.retry(id);
  const atRest = () => there.every((id) => ["converged", "blocked"].includes(lab.engine.status(id).phase));
  await lab.clock.runUntil(atRest, 600_000);
  assert.deepEqual(lab.engine.counts().waiting, 0);
  lab.engine.stop();
  await lab.settle();
  assert.equal(lab.clock.waiting, 0);
  return lab;
}

const COMMANDS = ["want", "join", "leave", "see", "freeze", "retry", "restart", "policy", "advance"] as const;

test("no schedule of faults and cfg changes breaks a limit, an invariant or a brake at any moment", async () => {
  const covered = createCoverage(
    "schedules of limits and invariants",
    [...COMMANDS, "fifteen commands", "refused"],
    0.05,
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(command, { maxLength: 30, size: "max" }),
      fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 60, size: "max" }),
      async (commands, outcomes) => {
        const kinds = new Set<string>(commands.map(({ kind }) => kind));
        const lab = await play(commands, outcomes);
        covered.saw(
          ...COMMANDS.filter((kind) => kinds.has(kind)),
          ...(commands.length >= 15 ? ["fifteen commands"] as const : []),
          ...(lab.events.some(({ kind }) => kind === "refused") ? ["refused"] as const : []),
        );
      },
    ),
    { numRuns: 300 },
  );
  covered.check();
});

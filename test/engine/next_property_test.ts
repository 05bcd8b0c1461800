import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../../src/clock.ts";
import { type EngineEvent, type Explanation, type Policy, readPolicy } from "../../src/engine/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { createCoverage, fc } from "../support/property.ts";
import { createLab, type Lab, RESULTS, type Run } from "./lab.ts";

const IDS = ["a", "b", "c", "d"] as const;
type Id = typeof IDS[number];
type Cfg = Readonly<Record<string, string>>;

type Command =
  | { readonly kind: "want"; readonly id: Id; readonly cfg: Cfg }
  | { readonly kind: "see"; readonly id: Id; readonly url: string; readonly value: string | null }
  | { readonly kind: "freeze"; readonly id: Id; readonly frozen: boolean }
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "retry" | "remove"; readonly id: Id }
  | { readonly kind: "disk"; readonly isWritable: boolean }
  | { readonly kind: "policy"; readonly policy: Policy }
  | { readonly kind: "restart" };

type Outcome = "done" | "slow" | "silent" | "rejected";

const exactly = { noNullPrototype: true };
const id = fc.constantFrom(...IDS);
const UP: Cfg = { "/physState": "POWER_ON", "/runState": "SYNC" };

const CFGS: readonly Cfg[] = [
  {},
  { "/physState": "POWER_OFF" },
  { "/physState": "POWER_OFF", "/lamp": "LIT", "/rack": "r1" },
  { ...UP, "/rack": "r1" },
  { ...UP, "/lamp": "LIT", "/fan": "FAST", "/pump": "FAST", "/rack": "r2" },
  { ...UP, "/lamp": "DARK", "/services/sshd/state": "RUN", "/services/slurmd/state": "RUN" },
];

const SIGHTS: readonly (readonly [url: string, values: readonly (string | null)[]])[] = [
  ["/physState", [null, "POWER_OFF", "POWER_ON", "PHYS_HANG"]],
  ["/runState", [null, "INIT", "SYNC", "ERROR"]],
  ["/busy", ["FREE", "BUSY"]],
  ["/lamp", [null, "DARK", "LIT"]],
  ["/fan", ["SLOW", "FAST"]],
  ["/pump", ["SLOW", "FAST"]],
  ["/services/sshd/state", [null, "RUN", "ERROR"]],
];

const RULES: Readonly<Record<string, Value>> = {
  "/limits/power": { mutations: ["machine/o*"], atMost: 1 },
  "/limits/lamps": { mutations: ["rack/*"], by: "/rack", atMost: 1, perSecond: 2 },
  "/limits/all": { mutations: ["*/*"], perSecond: 1 },
  "/invariants/away": { kind: "away", atMost: 1 },
  "/invariants/racks": { kind: "transition", by: "/rack", atMost: 1 },
  "/invariants/busy": { kind: "never", when: { "/busy": "BUSY" } },
  "/invariants/brake": { kind: "brake", unhealthyAbove: "40%" },
};

const policy = fc.subarray(Object.keys(RULES)).map((urls) =>
  readPolicy(new Map([...urls.map((url): [string, Value] => [url, RULES[url] ?? ""]), ["/engine/config", FLEET]]))
);
const FLEET: Value = { failuresInARow: 3 };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("want" as const), id, cfg: fc.constantFrom(...CFGS) }, exactly),
  },
  {
    weight: 5,
    arbitrary: fc.oneof(...SIGHTS.map(([url, values]) =>
      fc.record({
        kind: fc.constant("see" as const),
        id,
        url: fc.constant(url),
        value: fc.constantFrom(...values),
      }, exactly)
    )),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("freeze" as const), id, frozen: fc.boolean() }, exactly) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.integer({ min: 0, max: 20_000 }) }, exactly),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("retry" as const, "remove" as const), id }, exactly) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("disk" as const), isWritable: fc.boolean() }, exactly),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("policy" as const), policy }, exactly) },
  { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
);

const scenario = fc.record({
  policy,
  commands: fc.array(command, { maxLength: 40 }),
  outcomes: fc.array(fc.constantFrom<Outcome[]>("done", "done", "slow", "silent", "rejected"), { maxLength: 60 }),
}, exactly);

/** What a look at a node begins and aborts, by its explanation or by its events. */
interface Next {
  readonly begun: readonly string[];
  readonly aborted: readonly string[];
}

/** Steps that an explanation says are begun next, by us or by the node's agent. */
function begunBy({ steps }: Pick<Explanation, "steps">): string[] {
  return steps.flatMap(({ step, state }) => {
    const isNext = state.kind === "ready" || (state.kind === "awaited" && state.since === undefined);
    return isNext ? [step.key] : [];
  }).sort();
}

/** Watches every look of an engine at a node: explains it as it begins, and notes what it then does. */
function watchLooks(onLook: (id: string, explained: Explanation, done: Next) => void) {
  let look: { readonly id: string; readonly explained: Explanation; begun: string[]; aborted: string[] } | undefined;
  let inSlice = false;
  let isAsking = false;
  let lab: Lab | undefined;
  function conclude(): void {
    const ended = look;
    look = undefined;
    if (ended === undefined) return;
    const { id, explained, begun, aborted } = ended;
    onLook(id, explained, { begun: begun.sort(), aborted: aborted.sort() });
  }
  return {
    watch: (watched: Lab) => void (lab = watched),
    /** The engine works its queue off in timers that are due at once; within these it reads nodes to look at them. */
    clockOf: (clock: Clock): Clock => ({
      ...clock,
      after(ms, run) {
        if (ms > 0) return clock.after(ms, run);
        return clock.after(ms, () => {
          inSlice = true;
          try {
            run();
            conclude();
          } finally {
            inSlice = false;
          }
        });
      },
    }),
    onRead(id: string): void {
      if (!inSlice || isAsking) return;
      conclude();
      isAsking = true;
      const explained = lab?.engine.explain(id);
      isAsking = false;
      if (explained !== undefined) look = { id, explained, begun: [], aborted: [] };
    },
    onEvent({ kind, mutation = "" }: EngineEvent, id: string): void {
      if (look === undefined || look.id !== id) return;
      if (kind === "started" || kind === "retry" || kind === "awaited") look.begun.push(mutation);
      if (kind === "aborted") look.aborted.push(mutation);
    },
  };
}

/** Does what a handler does, a little later. */
function act(lab: Lab, run: Run, outcome: Outcome): void {
  lab.clock.after(outcome === "slow" ? 8000 : 700, () => {
    if (outcome === "rejected") return run.reject(new Error("Refused"));
    run.finish();
    if (outcome !== "silent" && !run.signal.aborted) lab.see(RESULTS[run.key] ?? {}, run.id);
  });
}

const KINDS = ["ready", "awaited", "waiting", "frozen", "backoff", "held", "after", "pointless"] as const;
const SEEN = [...KINDS, "begins as foretold", "aborts as foretold", "waits as foretold"] as const;

/** Plays a scenario. Before a node's cfg is changed its preview is taken, which the first look after that has to bear out. */
async function play(
  { policy, commands, outcomes }: typeof scenario extends fc.Arbitrary<infer S> ? S : never,
): Promise<ReadonlySet<typeof SEEN[number]>> {
  const seen = new Set<typeof SEEN[number]>();
  const broken: string[] = [];
  let foretold: { readonly id: string; readonly next: Next; readonly waits: readonly string[] } | undefined;
  const looks = watchLooks((id, explained, done) => {
    for (const { state } of explained.steps) for (const kind of KINDS) if (kind === state.kind) seen.add(kind);
    const said = begunBy(explained);
    if (said.join() !== done.begun.join()) broken.push(`${id}: said [${said}] begins, [${done.begun}] did`);
    if (foretold?.id !== id) return;
    const { next: { begun, aborted }, waits } = foretold;
    foretold = undefined;
    if (begun.join() !== done.begun.join()) broken.push(`${id}: foretold that [${begun}] begins, [${done.begun}] did`);
    if (aborted.join() !== done.aborted.join()) {
      broken.push(`${id}: foretold an end of [${aborted}]: [${done.aborted}]`);
    }
    if (begun.length > 0) seen.add("begins as foretold");
    if (aborted.length > 0) seen.add("aborts as foretold");
    if (waits.length > 0) seen.add("waits as foretold");
  });
  const lab = createLab({
    policy,
    random: () => 0.25,
    clockOf: looks.clockOf,
    onRead: looks.onRead,
    options: { maxAttempts: 2, backoffBase: 500, backoffCap: 4000, settle: 20_000, resync: 30_000 },
  });
  looks.watch(lab);
  const left = [...outcomes];
  lab.onRun = (run) => act(lab, run, left.shift() ?? "done");
  lab.onEvent = looks.onEvent;

  /** What a dry run of a change says of its first look. */
  function foretell(id: Id, cfg: Cfg): typeof foretold {
    const node = lab.imagine(cfg, id);
    if (node === undefined) return undefined;
    const { explanation } = lab.engine.preview(id, node);
    const going = new Set(
      explanation.steps.flatMap(({ step, state }) =>
        state.kind === "running" || (state.kind === "awaited" && state.since !== undefined) ? [step.key] : []
      ),
    );
    const running = lab.engine.status(id).running.map(({ key }) => key);
    // On a frozen node what runs goes on, whatever its plan.
    const aborted = node.frozen === "no" ? running.filter((key) => !going.has(key)).sort() : [];
    const waits = explanation.steps.flatMap(({ step, state }) => state.kind === "waiting" ? [step.key] : []);
    return { id, next: { begun: begunBy(explanation), aborted }, waits };
  }

  for (const id of IDS) {
    lab.want(UP, id);
    lab.see(UP, id);
  }
  await lab.settle();
  for (const each of commands) {
    switch (each.kind) {
      case "want":
        foretold = foretell(each.id, each.cfg);
        lab.want(each.cfg, each.id);
        break;
      case "see":
        lab.see({ [each.url]: each.value }, each.id);
        break;
      case "freeze":
        lab.freeze(each.frozen, each.id);
        break;
      case "retry":
        lab.engine.retry(each.id);
        break;
      case "remove":
        lab.remove(each.id);
        lab.engine.touch(each.id);
        break;
      case "disk":
        lab.isWritable = each.isWritable;
        break;
      case "policy":
        lab.engine.setPolicy(each.policy);
        break;
      case "restart":
        lab.restart();
        break;
      case "advance":
        await lab.clock.advance(each.ms);
    }
    await lab.settle();
    assert.deepEqual(broken, []);
  }
  lab.engine.stop();
  return seen;
}

test("what explain() says is done next is what the executor is given next, and a dry run foretells the first of it", async () => {
  const covered = createCoverage("what comes next", SEEN, 0.05);
  await fc.assert(
    fc.asyncProperty(scenario, async (played) => covered.saw(...await play(played))),
    { numRuns: 300 },
  );
  covered.check();
});

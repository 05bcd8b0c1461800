import assert from "node:assert/strict";
import { test } from "node:test";
import { type Blocker, defaultPolicy, readPolicy } from "../../src/engine/mod.ts";
import { describeBlocker } from "../../src/engine/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { createLab, type Lab } from "./lab.ts";

const LIT = { "/lamp": "LIT" };
const DARK = { "/lamp": "DARK" };
const UP = { "/physState": "POWER_ON", "/runState": "SYNC" };
const OFF = { "/physState": "POWER_OFF" };
const SSHD = { "/services/sshd/state": "RUN" };

/** The state of the step of a mutation. */
function stateOf(lab: Lab, key: string, id = "a") {
  return lab.engine.explain(id)?.steps.find(({ step }) => step.key === key)?.state;
}

function policyOf(values: Readonly<Record<string, Value>>) {
  return readPolicy(new Map(Object.entries(values)));
}

test("explain() says of a step at work since when and until when it is, and which execution", async () => {
  const lab = createLab();
  await lab.clock.advance(500);
  lab.want(LIT);
  lab.see(DARK);
  await lab.clock.advance(2_000);
  const execution = lab.runs[0]?.execution;
  assert.deepEqual(stateOf(lab, "rack/light"), { kind: "running", since: 500, until: 10_500, execution });
  assert.equal(lab.engine.explain("a")?.now, 2_500);
  assert.equal(lab.engine.explain("a")?.phase, "working");
});

test("explain() says of a step of an agent since when it is awaited, and of whom", async () => {
  const lab = createLab();
  lab.want({ ...UP, ...SSHD });
  lab.see(UP);
  await lab.clock.advance(1_000);
  assert.deepEqual(stateOf(lab, "service/start{name=sshd}"), {
    ...{ kind: "awaited", of: "agent", since: 0, until: 5_000 },
  });
});

test("an agent awaits its parent without a time, and what comes after that", async () => {
  const lab = createLab({ role: "self" });
  lab.want({ ...UP, ...SSHD });
  lab.see({ "/physState": "POWER_ON", "/runState": "INIT" });
  await lab.settle();
  assert.deepEqual(stateOf(lab, "machine/join"), { kind: "awaited", of: "parent" });
  assert.deepEqual(stateOf(lab, "service/start{name=sshd}"), { kind: "after", steps: ["machine/join"] });
});

test("explain() says of a step that failed when it is tried again, how often it failed and why", async () => {
  const lab = createLab({ options: { backoffBase: 8_000 } });
  lab.onRun = (run) => run.reject(new Error("No light"));
  lab.want(LIT);
  lab.see(DARK);
  await lab.settle();
  assert.deepEqual(stateOf(lab, "rack/light"), { kind: "backoff", until: 6_000, attempts: 1, reason: "No light" });
  const { phase, reason, retryAt } = lab.engine.status("a");
  assert.deepEqual([phase, reason, retryAt], ["backoff", "rack/light: No light", 6_000]);
});

test("explain() says of a step that was given up since when, after how many attempts and why", async () => {
  const lab = createLab({ options: { maxAttempts: 2, backoffBase: 8_000 } });
  lab.onRun = (run) => run.reject(new Error("No light"));
  lab.want(LIT);
  lab.see(DARK);
  await lab.clock.advance(20_000);
  const held = { kind: "held", since: 6_000, attempts: 2, reason: "No light", fleet: false };
  assert.deepEqual(stateOf(lab, "rack/light"), held);
  assert.equal(lab.engine.status("a").reason, "Gave up on rack/light after 2 attempts: No light");
  lab.restart();
  await lab.settle();
  assert.deepEqual(stateOf(lab, "rack/light"), held);
});

test("one attempt is one attempt", async () => {
  const lab = createLab({ options: { maxAttempts: 1 } });
  lab.onRun = (run) => run.reject(new Error("No light"));
  lab.want(LIT);
  lab.see(DARK);
  await lab.settle();
  assert.equal(lab.engine.status("a").reason, "Gave up on rack/light after 1 attempt: No light");
});

test("a step that only prepares what waits for its retry is pointless until then", async () => {
  const lab = createLab({ options: { backoffBase: 60_000 } });
  lab.onRun = (run) => run.key === "machine/boot" ? run.reject(new Error("No boot")) : run.finish();
  lab.want({ "/runState": "SYNC" });
  lab.see({ "/physState": "POWER_ON" });
  await lab.settle();
  lab.see(OFF);
  await lab.settle();
  assert.equal(stateOf(lab, "machine/boot")?.kind, "backoff");
  assert.deepEqual(stateOf(lab, "machine/on"), { kind: "pointless" });
});

test("a node that was not looked at yet is explained by a plan of this moment", () => {
  const lab = createLab();
  lab.want(UP);
  lab.see(OFF);
  const explained = lab.engine.explain("a");
  assert.deepEqual([explained?.phase, explained?.reason], ["working", "Not looked at yet"]);
  assert.deepEqual(explained?.steps.map(({ step, state }) => `${step.key}: ${state.kind}`), [
    "machine/on: ready",
    "machine/boot: after",
    "machine/join: after",
  ]);
  assert.deepEqual([explained?.suspended, explained && "noPlan" in explained], [[], false]);
});

test("explain() names by what a node is frozen, and the goals that are left out for now", async () => {
  const lab = createLab();
  lab.want({ ...OFF, "/runState": "SYNC", ...LIT });
  lab.see({ ...OFF, ...DARK });
  lab.freeze("everything");
  await lab.settle();
  assert.deepEqual(stateOf(lab, "rack/light"), { kind: "frozen", by: "everything", next: true });
  assert.deepEqual(lab.engine.explain("a")?.suspended, [
    { url: "/runState", value: "SYNC", because: { url: "/physState", value: "POWER_OFF" } },
  ]);
  assert.equal(lab.engine.status("a").phase, "frozen");
});

test("a step whose place has come free starts next", async () => {
  const lab = createLab({ policy: policyOf({ "/limits/lamps": { mutations: ["rack/light"], atMost: 1 } }) });
  for (const id of ["a", "b"]) {
    lab.want(LIT, id);
    lab.see(DARK, id);
  }
  await lab.settle();
  assert.equal(stateOf(lab, "rack/light", "b")?.kind, "waiting");
  lab.engine.setPolicy(policyOf({ "/limits/lamps": { mutations: ["rack/light"], atMost: 2 } }));
  const state = stateOf(lab, "rack/light", "b");
  assert.deepEqual(state, { kind: "ready" });
  await lab.settle();
  assert.equal(stateOf(lab, "rack/light", "b")?.kind, "running");
});

test("a node that works on the rest says what it has given up meanwhile", async () => {
  const lab = createLab({ options: { maxAttempts: 1 } });
  lab.onRun = (run) => run.key === "rack/light" ? run.reject(new Error("No light")) : run.finish();
  lab.want({ ...LIT, "/physState": "POWER_ON" });
  lab.see({ ...DARK, ...OFF });
  await lab.settle();
  const { phase, reason, running } = lab.engine.status("a");
  assert.deepEqual([phase, reason], ["working", "Gave up on rack/light after 1 attempt: No light"]);
  assert.deepEqual(running.map(({ key, ours, since }) => [key, ours, since]), [["machine/on", true, 0]]);
  lab.want({ "/physState": "POWER_ON" });
  await lab.settle();
  assert.equal("reason" in lab.engine.status("a"), false);
});

test("every step that waits for its retry is in the reason of a backoff, which ends with the first of them", async () => {
  const lab = createLab({ options: { backoffBase: 8_000 } });
  lab.onRun = (run) => run.reject(new Error("No"));
  lab.want({ ...LIT, "/fan": "SLOW" });
  lab.see({ ...DARK, "/fan": "SLOW" });
  await lab.clock.advance(1_000);
  lab.see({ "/fan": "FAST" });
  await lab.settle();
  const { phase, reason, retryAt } = lab.engine.status("a");
  assert.deepEqual([phase, reason?.split("; ").sort(), retryAt], [
    ...["backoff", ["rack/calm: No", "rack/light: No"], 6_000],
  ]);
});

test("what was converged and has changed since the last look is not called so", async () => {
  const lab = createLab();
  lab.want(LIT);
  lab.see(LIT);
  await lab.settle();
  lab.see({ "/physState": "POWER_ON" }); // not its business
  assert.equal(lab.engine.status("a").phase, "converged");
  lab.see(DARK);
  assert.deepEqual(lab.engine.status("a"), { phase: "working", reason: "Not looked at yet", running: [] });
});

test("a start names three goals that the node is not at, how many more there are, and none that is left out", async () => {
  const lab = createLab();
  const names = ["a", "b", "c", "d"].map((name) => [`/services/${name}/state`, "RUN"]);
  lab.want({ ...Object.fromEntries(names), ...UP, "/rack": "r1", "/lamp": "LIT" });
  lab.see({ ...UP, ...LIT });
  await lab.settle();
  const whys = lab.events.map(({ why }) => why.split("; wanted: ")[1]);
  const three = ["a", "b", "c"].map((name) => `'/services/${name}/state' = 'RUN'`).join(", ");
  assert.deepEqual(new Set(whys), new Set([`${three} and 1 more`]));
  const other = createLab();
  other.want({ ...OFF, "/runState": "SYNC", ...LIT });
  other.see({ ...OFF, ...DARK });
  await other.settle();
  assert.deepEqual(other.events.map(({ why }) => why), [
    "Changes '/lamp' from 'DARK' to 'LIT'; wanted: '/lamp' = 'LIT'",
  ]);
  const exact = createLab();
  exact.want({ ...LIT, "/physState": "POWER_ON", "/fan": "FAST" });
  exact.see({ ...DARK, ...OFF, "/fan": "SLOW", "/pump": "FAST" });
  await exact.settle();
  assert.ok(exact.events.length > 0);
  for (const { why } of exact.events) assert.ok(!why.includes("more"), why);
});

test("a retry says how often it failed before", async () => {
  const lab = createLab({ options: { backoffBase: 100 } });
  lab.onRun = (run) => run.reject(new Error("No light"));
  lab.want(LIT);
  lab.see(DARK);
  await lab.clock.advance(1_000);
  const starts = lab.events.filter(({ kind }) => kind === "started" || kind === "retry");
  const change = "Changes '/lamp' from 'DARK' to 'LIT'; wanted: '/lamp' = 'LIT'";
  assert.deepEqual(starts.slice(0, 3).map(({ kind, why }) => `${kind}: ${why}`), [
    `started: ${change}`,
    `retry: ${change}; failed 1 time before`,
    `retry: ${change}; failed 2 times before`,
  ]);
});

test("an abort says what is seen that does not fit, or that people have changed the cfg", async () => {
  const lab = createLab();
  lab.want(UP);
  lab.see({ "/physState": "POWER_ON" });
  await lab.settle();
  lab.see({ "/runState": "ERROR" });
  await lab.settle();
  lab.want({ ...LIT, "/physState": "POWER_ON" });
  lab.see(DARK);
  await lab.settle();
  lab.want({ "/physState": "POWER_ON" });
  await lab.settle();
  const aborted = lab.events.filter(({ kind }) => kind === "aborted").map(({ why }) => why);
  assert.match(aborted[0] ?? "", /'\/runState' is 'ERROR'|Cannot reach/);
  assert.equal(aborted[1], "The plan for the new cfg does not need it");
});

test("failures say how often, of how many, and when it is tried again", async () => {
  const lab = createLab({ options: { maxAttempts: 2, backoffBase: 2_000 } });
  lab.onRun = (run) => run.reject(new Error("No light"));
  lab.want(LIT);
  lab.see(DARK);
  await lab.clock.advance(10_000);
  assert.deepEqual(lab.events.filter(({ kind }) => kind === "failed").map(({ why }) => why), [
    "No light (attempt 1 of 2, next attempt in 1.5 s)",
    "No light (attempt 2 of 2, given up)",
  ]);
  const quick = createLab({ options: { backoffBase: 800 } });
  quick.onRun = (run) => run.reject(new Error("No light"));
  quick.want(LIT);
  quick.see(DARK);
  await quick.settle();
  assert.deepEqual(quick.events.at(-1)?.why, "No light (attempt 1 of 5, next attempt in 600 ms)");
});

const line = { since: 0, place: 1 };
const counted = { group: "", inFlight: 2, holders: ["n1", "n2"] };

test("a blocker is said in words", () => {
  const cases: [Blocker, string][] = [
    [
      { kind: "limit", limit: "p", ...counted, atMost: 2, ...line, place: 2, behind: "n3" },
      "waits at limit 'p' (2 of 2 in flight: n1, n2; 2nd in the queue behind n3)",
    ],
    [
      { kind: "limit", limit: "p", ...counted, atMost: 2, perSecond: 4, ...line },
      "waits at limit 'p' (2 of 2 in flight: n1, n2; 1st in the queue)",
    ],
    [
      { kind: "limit", limit: "p", ...counted, atMost: 3, perSecond: 4, ...line },
      "waits at limit 'p' (4 a second, 1st in the queue)",
    ],
    [
      { kind: "limit", limit: "p", ...counted, by: "/rack", group: "r1", inFlight: 7, atMost: 7, ...line },
      "waits at limit 'p' (rack r1: 7 of 7 in flight: n1, n2 and 5 more; 1st in the queue)",
    ],
    [
      { kind: "limit", limit: "p", ...counted, by: "/rack", holders: [], inFlight: 1, atMost: 1, ...line },
      "waits at limit 'p' (rack unset: 1 of 1 in flight, 1st in the queue)",
    ],
    [
      { kind: "count", invariant: "i", counts: "away", ...counted, atMost: 2, ...line },
      "waits for invariant 'i' (2 of 2 away: n1, n2; 1st in the queue)",
    ],
    [
      {
        kind: "count",
        invariant: "i",
        counts: "transition",
        ...counted,
        by: "/chassis",
        group: "c",
        atMost: 2,
        ...line,
      },
      "waits for invariant 'i' (chassis c: 2 of 2 in transition: n1, n2; 1st in the queue)",
    ],
    [
      { kind: "count", invariant: "i", counts: "away", ...counted, atMost: 0, ...line },
      "can never start, because of invariant 'i' (no node may be away from SYNC)",
    ],
    [
      { kind: "count", invariant: "i", counts: "transition", ...counted, by: "/rack", group: "r", atMost: 0, ...line },
      "can never start, because of invariant 'i' (rack r: no node may be in transition)",
    ],
    [{ kind: "turn" }, "its turn has come"],
    [{ kind: "invariant", invariant: "i", because: "b" }, "refused by invariant 'i': b"],
    [
      { kind: "unreturned", execution: "e", until: 12_340 },
      "its last run has not returned, waits at most 2.3 s more for it",
    ],
    [
      { kind: "unreturned", execution: "e", until: 9_000 },
      "its last run has not returned, waits at most 0 ms more for it",
    ],
    [
      { kind: "unreturned", execution: "e", until: 11_000 },
      "its last run has not returned, waits at most 1 s more for it",
    ],
  ];
  for (const [blocker, words] of cases) assert.equal(describeBlocker(blocker, 10_000), words);
});

test("places in a queue are ordinals", () => {
  const ordinals = { 1: "st", 2: "nd", 3: "rd", 4: "th", 10: "th", 11: "th", 12: "th", 13: "th", 14: "th", 21: "st" };
  const more = { 22: "nd", 33: "rd", 100: "th", 101: "st", 111: "th", 112: "th", 113: "th", 114: "th" };
  for (const [place, ending] of Object.entries({ ...ordinals, ...more })) {
    const blocker: Blocker = { kind: "limit", limit: "p", ...counted, atMost: 2, since: 0, place: Number(place) };
    assert.match(describeBlocker(blocker, 0), new RegExp(`; ${place}${ending} in the queue`));
  }
});

test("a hold of the fleet names five of its nodes and how many more there are", async () => {
  const whyOf = async (most: number) => {
    const lab = createLab({ policy: { ...defaultPolicy, failuresInARow: most } });
    lab.onRun = (run) => run.reject(new Error("No light"));
    for (let n = 1; n <= most; n++) {
      lab.want(LIT, `${n}`);
      lab.see(DARK, `${n}`);
      await lab.settle();
    }
    lab.engine.release();
    return lab.events.filter(({ kind }) => kind === "held" || kind === "released").map(({ why }) => why);
  };
  const five = "node 1, node 2, node 3, node 4, node 5";
  const last = (count: number, names: string) =>
    `rack/light failed on ${count} nodes in a row for the same goals (${names}), last on node ${count}: No light`;
  const says = (words: string) => [words, `A person asked for a retry: ${words}`];
  assert.deepEqual(await whyOf(5), says(last(5, five)));
  assert.deepEqual(await whyOf(7), says(last(7, `${five} and 2 more`)));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { describeExplanations } from "../../ctl/explain_text.ts";
import type { BlockerInfo, ExplainedNoPlan, ExplainedStepInfo, ExplanationInfo } from "../../src/api/mod.ts";
import { createStyle } from "../../src/cli/mod.ts";
import { explanation } from "./samples.ts";

const style = createStyle(false);
const goals = [{ url: "/physState", value: "POWER_ON" }, { url: "/runState", value: "SYNC" }];
/** A time so many seconds before the answer. */
const ago = (seconds: number) => new Date(Date.parse("2026-01-01T12:00:00.000Z") - seconds * 1000).toISOString();

function step(
  key: string,
  expectedMs: number,
  state: ExplainedStepInfo["state"],
  after: number[] = [],
): ExplainedStepInfo {
  const rest = { context: "parent", changes: {}, disruption: 1, timeout: 30_000 } as const;
  return { key, about: "Powers the machine on", ...rest, expectedMs, after, state };
}
/** A place in the queue of the limit `power`. */
function atLimit(group: string, place: number): BlockerInfo {
  return { kind: "limit", limit: "power", group, inFlight: 20, holders: [], since: ago(9), place };
}
function tell(...explanations: ExplanationInfo[]): string[] {
  return describeExplanations(explanations, style);
}

test("explain tells a node that waits at a limit with its place in the queue, and what comes after", () => {
  const words = "waits at limit 'power' (rack r1: 20 of 20 in flight, 3rd in the queue behind n4)";
  const blocker = atLimit("r1", 3);
  assert.deepEqual(
    tell(explanation("n3", {
      phase: "waiting",
      goals,
      steps: [
        step("simpower/power-on", 8000, { kind: "waiting", words, blocker }),
        { ...step("simpower/boot", 30_000, { kind: "after", steps: ["simpower/power-on"] }, [0]), about: "" },
      ],
      expectedMs: 70_000,
    })),
    [
      "n3 waits on the way to /physState=POWER_ON, /runState=SYNC.",
      "  1. simpower/power-on (powers the machine on): waits at limit 'power' " +
      "(rack r1: 20 of 20 in flight, 3rd in the queue behind n4)",
      "  2. simpower/boot: after 1, about 30 s",
      "Done in about 1 min 10 s, once it can continue, if nothing goes wrong.",
    ],
  );
});

test("explain says the same of many nodes once, with all their places in the queue and the longest times", () => {
  const waiting = (name: string, place: number) =>
    explanation(name, {
      phase: "waiting",
      goals,
      steps: [step("simpower/power-on", 8000, {
        kind: "waiting",
        words: `waits at limit 'power' (1 of 1 in flight, ${place}${place === 2 ? "nd" : "st"} in the queue behind n9)`,
        blocker: atLimit("", place),
      })],
      expectedMs: 8000,
    });
  const running = (name: string, seconds: number) =>
    explanation(name, {
      phase: "working",
      goals,
      steps: [step("simpower/power-on", 8000, {
        ...{ kind: "running", execution: "1" },
        ...{ since: ago(seconds), until: ago(seconds - 30) },
      })],
      expectedMs: 8000 - seconds * 1000,
    });
  assert.deepEqual(tell(waiting("n1", 1), running("n3", 2), waiting("n2", 2), running("n4", 5)), [
    "n[1-2] wait on the way to /physState=POWER_ON, /runState=SYNC.",
    "  1. simpower/power-on (powers the machine on): waits at limit 'power' (1 of 1 in flight, places 1 to 2 in the queue)",
    "Done in about 8 s, once each can continue, if nothing goes wrong.",
    "",
    "n[3-4] are working towards /physState=POWER_ON, /runState=SYNC.",
    "  1. simpower/power-on (powers the machine on): at work for 5 s, about 8 s expected, times out in 30 s",
    "Done in about 6 s, if nothing goes wrong.",
  ]);
});

test("explain says that there is no way: the value, and what each mutation that leads to it lacks", () => {
  type Achievers = Extract<ExplainedNoPlan, { kind: "unreachable" }>["achievers"];
  const noPlan = (achievers: Achievers) =>
    explanation("n1", {
      phase: "blocked",
      noPlan: { kind: "unreachable", reason: "Cannot reach it", url: "/image/state", value: "ACTIVE", achievers },
    });
  const lack = (words: string) => ({ kind: "value" as const, url: "/platform", needs: "vbox", words });
  const fetch = { key: "image/fetch", lacks: [lack("/platform is 'sim': needs 'vbox'")] };
  assert.deepEqual(tell(noPlan([fetch])), [
    "n1: there is no way to /image/state=ACTIVE: image/fetch would lead there, but /platform is 'sim': needs 'vbox'.",
  ]);
  assert.deepEqual(tell(noPlan([fetch, { key: "image/copy", lacks: [lack("a"), lack("b")] }])), [
    "n1: there is no way to /image/state=ACTIVE:",
    "  image/fetch would lead there, but /platform is 'sim': needs 'vbox'.",
    "  image/copy would lead there, but a, and b.",
  ]);
  assert.deepEqual(tell(noPlan([])), ["n1: there is no way to /image/state=ACTIVE: nothing leads there."]);
  const conflict = { kind: "conflict" as const, goals: [], reason: "Cannot reach a and b at once" };
  assert.deepEqual(tell(explanation("n1", { noPlan: conflict })), [
    "n1: there is no way. Cannot reach a and b at once.",
  ]);
});

test("explain says since when and why something is given up, by whom, and how to go on", () => {
  const held = (by: "agent" | "aggregator" | "fleet") =>
    tell(explanation("n1", {
      phase: "stuck",
      goals,
      steps: [step("x/y", 1000, { kind: "held", by, since: ago(180), attempts: 5, reason: "no answer" })],
    })).slice(1);
  const about = "  1. x/y (powers the machine on): ";
  assert.deepEqual(held("aggregator"), [
    `${about}given up 3 min ago after 5 attempts: no answer`,
    "Fix the cause, then run: krakenctl retry n1",
  ]);
  assert.deepEqual(held("agent")[0], `${about}given up by its agent 3 min ago after 5 attempts: no answer`);
  assert.deepEqual(held("fleet"), [
    `${about}held for the whole fleet for 3 min: no answer`,
    "Fix the cause, then run: krakenctl release",
  ]);
});

test("explain has words for every way in which a step can be", () => {
  const states: readonly (readonly [ExplainedStepInfo["state"], string])[] = [
    [
      { kind: "awaited", of: "agent", since: ago(5), until: ago(-10) },
      "its agent has to do it: at it for 5 s, about 8 s expected, times out in 10 s",
    ],
    [{ kind: "awaited", of: "parent" }, "its aggregator has to do it, about 8 s"],
    [
      { kind: "backoff", until: ago(-4), attempts: 2, reason: "no answer" },
      "failed 2 times, tries again in 4 s: no answer",
    ],
    [
      { kind: "backoff", until: ago(-4), attempts: 1, reason: "no answer" },
      "failed 1 time, tries again in 4 s: no answer",
    ],
    [
      { kind: "backoff", until: ago(-7), attempts: 0, reason: "Cannot read '/c/n1'" },
      "could not be tried: Cannot read '/c/n1'; tries again in 7 s",
    ],
    [{ kind: "pointless" }, "not started: it only prepares what is held up"],
    [{ kind: "frozen", by: "everything", next: false }, "everything is frozen"],
    [{ kind: "frozen", by: "node", next: false }, "the node is frozen"],
    [{ kind: "frozen", by: "moved", next: false }, "not started: the node was moved and has not joined yet"],
    [{ kind: "ready" }, "starts at once, about 8 s"],
    [{
      kind: "waiting",
      words: "refused by invariant 'jobs': n1 is busy",
      blocker: { kind: "invariant", invariant: "jobs", because: "n1 is busy" },
    }, "refused by invariant 'jobs': n1 is busy"],
  ];
  for (const [state, words] of states) {
    const [, line] = tell(
      explanation("n1", { phase: "working", goals, steps: [{ ...step("x/y", 8000, state), about: "" }] }),
    );
    assert.equal(line, `  1. x/y: ${words}`);
  }
  const frozen = step("x/y", 1, { kind: "frozen", by: "node", next: false });
  assert.match(
    tell(explanation("n1", { phase: "frozen", goals, steps: [frozen] })).join("\n"),
    /^n1 is frozen on the way to [^]*\nTo continue, run: krakenctl thaw n1$/,
  );
});

test("explain tells what would be done, what is late, what gives way, and what an agent gave up on", () => {
  const lines = tell(explanation("n1", {
    isHypothetical: true,
    phase: "working",
    goals: [{ url: "/physState", value: "POWER_OFF" }],
    steps: [{ ...step("simpower/power-off", 8000, { kind: "ready" }), about: "" }],
    expectedMs: 8000,
    late: { since: ago(120), why: "'/runState' is 'INIT': expected for 60 s at most" },
    agent: { mutation: "service/start{name=a}", reason: "no such file", attempts: 5 },
    suspended: [{ url: "/runState", value: "SYNC", because: { url: "/physState", value: "POWER_OFF" } }],
  }));
  assert.deepEqual(lines, [
    "n1 would have to do this to reach /physState=POWER_OFF:",
    "  1. simpower/power-off: could start at once, about 8 s",
    "It would take about 8 s.",
    "Its agent gave up on service/start{name=a}, after 5 attempts: no such file.",
    "Late for 2 min: '/runState' is 'INIT': expected for 60 s at most.",
    "/runState=SYNC has to wait: it cannot be reached while /physState=POWER_OFF is wanted.",
  ]);
});

test("explain says what would be refused, and what never goes on", () => {
  const state = (blocker: BlockerInfo) => ({ kind: "waiting" as const, blocker, words: "w" });
  const asked = (blocker: BlockerInfo, isHypothetical: boolean) =>
    tell(explanation("n1", {
      isHypothetical,
      phase: "waiting",
      steps: [step("simpower/power-off", 8000, state(blocker))],
      expectedMs: 8000,
    })).at(-1);
  const objects = { kind: "invariant", invariant: "jobs", because: "n1 is busy" } as const;
  assert.equal(asked(objects, true), "At present it would not be done: invariant 'jobs' refuses it.");
  assert.equal(asked(objects, false), "Done in about 8 s, once it can continue, if nothing goes wrong.");
  const closed: BlockerInfo = {
    ...{ kind: "count", invariant: "few", counts: "away", group: "", inFlight: 0, holders: [], atMost: 0 },
    ...{ since: ago(1), place: 1 },
  };
  for (const isHypothetical of [true, false]) {
    assert.equal(asked(closed, isHypothetical), "It can never continue at present: check invariant 'few'.");
  }
});

test("explain says of nodes that nobody serves what is to be done about it", () => {
  const why = "No aggregator serves it: set its /parent, for example to root";
  const blocked = explanation("n1", {
    phase: "blocked",
    why,
    goals,
    steps: [step("a/b", 1, { kind: "awaited", of: "parent" })],
  });
  assert.equal(tell(blocked)[0], `n1 does not get on to /physState=POWER_ON, /runState=SYNC. ${why}.`);
  assert.deepEqual(tell(explanation("n1", { phase: "blocked", why })), [`n1: ${why}.`]);
});

test("explain lets no control character of a server reach the terminal", () => {
  const lines = tell(explanation("n1", { noPlan: { kind: "bound", bound: "ms", limit: 1, reason: "a\x1b[2Jb\nc" } }));
  assert.deepEqual(lines, ["n1: there is no way. a?[2Jb c."]);
});

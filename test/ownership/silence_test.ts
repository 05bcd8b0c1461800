import assert from "node:assert/strict";
import { test } from "node:test";
import {
  declareLost,
  grantLongGrace,
  type HereStep,
  inferState,
  restartLongGrace,
  showSilence,
} from "../../aggregator/ownership/silence.ts";
import type { Effect, ShownValues } from "../../aggregator/ownership/effects.ts";
import type { Disputed, Expected, Machine, Owned } from "../../aggregator/ownership/ownership.ts";

const MACHINE: Machine = {
  ...{ power: "on", agent: "SYNC", isWantedOff: false, isAggregator: false, control: "controller" },
};
const LINKS = ["down", "joining", "level"] as const;

/** A node of this aggregator with a healthy agent, whose link is down. */
function owned(more: Partial<Owned> = {}, machine: Partial<Machine> = {}): Owned {
  return {
    ...{
      kind: "owned",
      assignment: 1,
      link: "down",
      sameRun: true,
      grace: "none",
      machine: { ...MACHINE, ...machine },
    },
    ...more,
  };
}
function expected(more: Partial<Expected> = {}): Expected {
  return { ...owned(), kind: "expected", holders: [], isJoining: true, ...more };
}
function disputed(more: Partial<Disputed> = {}): Disputed {
  return { ...owned(), kind: "disputed", holders: [], claimed: 2, ...more };
}

/** What a step shows; undefined: nothing. */
function shownBy({ effects }: HereStep): ShownValues | undefined {
  const found = effects.find((effect) => effect.kind === "show");
  return found?.kind === "show" ? found.values : undefined;
}
const unchanged = (step: HereStep, state: HereStep["state"], words?: string) =>
  assert.deepEqual(step, { state, effects: [] }, words);
const grace = (length: "short" | "long"): Effect => ({ kind: "startGrace", length });

test("a link that is level is up and SYNC, with why", () => {
  const state = owned({ link: "level" });
  assert.deepEqual(inferState(state, "it was born"), {
    state,
    effects: [{ kind: "show", values: { link: "UP", runState: "SYNC" }, why: "it was born" }],
  });
});

test("an agent that is born is INIT unless it is the process that was in SYNC before", () => {
  const cases = [["SYNC", true, undefined], ["SYNC", false, "INIT"], ["INIT", true, "INIT"], ["other", true, "INIT"]];
  for (const [agent, sameRun, runState] of cases) {
    const state = owned(
      { link: "joining", sameRun: sameRun === true },
      { agent: agent === "SYNC" || agent === "INIT" ? agent : "other" },
    );
    assert.deepEqual(
      shownBy(inferState(state, "")),
      runState === undefined ? undefined : { runState },
      `${agent} ${sameRun}`,
    );
  }
});

test("a link that is lost is shown, and gives an owned node the shorter time unless one runs", () => {
  const show: Effect = { kind: "show", values: { link: "DOWN" }, why: "it closed" };
  assert.deepEqual(inferState(owned(), "it closed"), {
    state: owned({ grace: "short" }),
    effects: [show, grace("short")],
  });
  for (const running of ["short", "long"] as const) {
    assert.deepEqual(inferState(owned({ grace: running }), "it closed"), {
      state: owned({ grace: running }),
      effects: [show],
    });
  }
  for (const state of [expected(), disputed()]) {
    assert.deepEqual(inferState(state, "it closed"), { state, effects: [show] }, "silence of it proves nothing");
  }
});

test("a node that was never heard is not lost, and gets no time", () => {
  for (const [agent, isHeard] of [["SYNC", true], ["INIT", true], ["other", false]] as const) {
    const state = owned({}, { agent });
    const timed = owned({ grace: "long" }, { agent });
    if (isHeard) {
      assert.deepEqual(shownBy(inferState(state, "")), { link: "DOWN" });
      assert.deepEqual(shownBy(showSilence(state)), { link: "DOWN" });
      assert.deepEqual(grantLongGrace(state), { state: timed, effects: [grace("long")] });
    } else {
      unchanged(inferState(state, ""), state);
      unchanged(showSilence(state), state);
      unchanged(grantLongGrace(state), state);
      unchanged(declareLost(timed, { kind: "graceOver", isDeaf: false, machine: state.machine }), state);
    }
  }
});

test("the link of an aggregator says whether what is below it is stale, and that of a node says nothing of that", () => {
  for (const isAggregator of [true, false]) {
    const stale = (isStale: boolean) => isAggregator ? { isStale } : {};
    const known = { isAggregator };
    assert.deepEqual(shownBy(inferState(owned({}, known), "")), { link: "DOWN", ...stale(true) });
    assert.deepEqual(shownBy(showSilence(owned({}, known))), { link: "DOWN", ...stale(true) });
    const level = owned({ link: "level" }, known);
    assert.deepEqual(shownBy(inferState(level, "")), { link: "UP", runState: "SYNC", ...stale(false) });
  }
});

test("a machine of unknown power is on if it is heard, where no controller says so", () => {
  for (const isAggregator of [true, false]) {
    for (const control of ["controller", "person", "none"] as const) {
      for (const link of LINKS) {
        const state = owned({ link }, { power: "unknown", isAggregator, control });
        const isInferred = link !== "down" && (isAggregator || control !== "controller");
        const words = JSON.stringify({ isAggregator, control, link });
        if (!isInferred) unchanged(inferState(state, ""), state, words);
        else {
          assert.deepEqual(inferState(state, ""), {
            state,
            effects: [{ kind: "show", values: { physState: "POWER_ON" }, why: "it is heard" }],
          }, words);
        }
      }
    }
  }
});

test("an agent that is heard proves that its machine does not hang", () => {
  for (const link of LINKS) {
    const state = owned({ link }, { power: "hung" });
    if (link === "down") unchanged(inferState(state, ""), state);
    else assert.deepEqual(shownBy(inferState(state, "")), { physState: "POWER_ON" });
  }
});

test("nothing is inferred from the link of a machine that is off or faulty", () => {
  for (const power of ["off", "faulty"] as const) {
    for (const link of LINKS) {
      const state = owned({ link }, { power });
      unchanged(inferState(state, ""), state, `${power} ${link}`);
    }
  }
});

test("only a node that is silent gets time, or its time anew", () => {
  for (const link of ["joining", "level"] as const) {
    unchanged(grantLongGrace(owned({ link })), owned({ link }));
    unchanged(showSilence(owned({ link })), owned({ link }));
    const running = owned({ link, grace: "long" });
    unchanged(restartLongGrace(running), running);
  }
  unchanged(restartLongGrace(owned()), owned(), "no time runs");
  assert.deepEqual(restartLongGrace(owned({ grace: "short" })), {
    state: owned({ grace: "long" }),
    effects: [grace("long")],
  });
  for (const state of [expected(), disputed()]) unchanged(grantLongGrace(state), state);
});

test("what an aggregator shows after its start is why", () => {
  const [effect] = showSilence(owned()).effects;
  assert.deepEqual(effect, { kind: "show", values: { link: "DOWN" }, why: "it is not heard yet" });
});

test("a node whose time is over is lost", () => {
  for (const length of ["short", "long"] as const) {
    const over = declareLost(owned({ grace: length }), { kind: "graceOver", isDeaf: false, machine: MACHINE });
    assert.deepEqual(over, { state: owned(), effects: [{ kind: "declareLost", after: length }] });
  }
});

test("a node whose time is over while nothing can be heard gets the same time anew", () => {
  for (const length of ["short", "long"] as const) {
    const state = owned({ grace: length });
    const over = declareLost(state, { kind: "graceOver", isDeaf: true, machine: MACHINE });
    assert.deepEqual(over, { state, effects: [grace(length)] });
  }
});

test("a time that ends for a node that is heard, or that had none, changes nothing", () => {
  const event = { kind: "graceOver", isDeaf: false, machine: MACHINE } as const;
  unchanged(declareLost(owned(), event), owned());
  unchanged(declareLost(owned({ link: "level", grace: "short" }), event), owned({ link: "level" }));
});

test("a silent node whose power nothing controls is unknown and not lost, and an aggregator is lost all the same", () => {
  for (
    const [control, isAggregator, isLost] of [
      ...[["none", false, false], ["none", true, true], ["person", false, true], ["controller", false, true]] as const,
    ]
  ) {
    const state = owned({ grace: "long" }, { control, isAggregator });
    const { effects } = declareLost(state, { kind: "graceOver", isDeaf: false, machine: state.machine });
    assert.deepEqual(
      effects,
      isLost ? [{ kind: "declareLost", after: "long" }] : [{
        kind: "show",
        values: { physState: null, runState: null, link: null },
        why: "it is not heard, and nothing controls its power",
      }],
      `${control} ${isAggregator}`,
    );
  }
});

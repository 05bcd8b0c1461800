import assert from "node:assert/strict";
import { test } from "node:test";
import { bringOn, type Course, cutPower, MAX_ORDER_REFUSALS, shutDown, STUCK } from "../../modules/power/changes.ts";
import type { Hand, Pursuit } from "../../modules/power/hand.ts";
import type { MutationRun } from "../../src/module/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { testNode } from "./module_fixture.ts";

/** A course whose orders a test plays, and what became of it. */
function make(play: (pursuit: Pursuit) => Promise<boolean>) {
  const clock = createVirtualClock();
  const node = testNode("n1");
  const told: string[] = [];
  const pursuits: Pursuit[] = [];
  const ended = new AbortController();
  const run: MutationRun = {
    ...{ node, mutation: "power-on", bindings: {}, execution: "1", signal: ended.signal },
    discover: (url, value) => void told.push(`${url}=${value}`),
    queued() {
      told.push("waits");
      return () => void told.push("goes on");
    },
    saw() {},
    note: (why) => void told.push(why),
  };
  const nothing = () => {
    throw new Error("It is not asked for");
  };
  const hand: Hand = {
    ...{ unsettledFor: () => 0, seen: () => undefined, isAwaited: () => false, saw() {} },
    ...{ findOut: nothing, findStuck: nothing, restart: nothing, interrupt: nothing },
    async pursue(pursuit) {
      pursuits.push(pursuit);
      return await play(pursuit);
    },
  };
  const course: Course = { hand, run, story: { saw() {}, ordered() {}, words: () => "it said: no" } };
  return { clock, node, told, pursuits, ended, course };
}

/** What a pursuit is to do, without whom it tells. */
function essence({ change, begun, maxRefusals, stuckAfter }: Pursuit) {
  return { change, begun, maxRefusals, stuckAfter };
}

test("a machine is brought on with three refusals at most, however long it changes", async () => {
  for (const begun of [true, false]) {
    const { course, told, pursuits } = make(async () => true);
    await bringOn(course, begun);
    assert.deepEqual(told, ["/physState=POWER_ON"]);
    assert.deepEqual(pursuits.map(essence), [{ change: "on", begun, maxRefusals: 3, stuckAfter: undefined }]);
  }
  assert.equal(MAX_ORDER_REFUSALS, 3);
});

test("the device for the next boot is over as soon as the order is taken, and where it was lost once the machine is on", async () => {
  for (const kind of ["taken", "lost"] as const) {
    const { course, told, node } = make(async ({ taken }) => {
      taken?.(kind);
      told.push("on");
      return true;
    });
    node.view.set("/bmc/bootNext", "PXE");
    await bringOn(course, false);
    const noted = "/bmc/bootNext=NONE";
    assert.deepEqual(told, [...kind === "taken" ? [noted, "on"] : ["on", noted], "/physState=POWER_ON"]);
  }
  for (const next of [undefined, "NONE"]) {
    const { course, told, node } = make(async ({ taken }) => {
      for (const kind of ["taken", "lost"] as const) taken?.(kind);
      return true;
    });
    if (next !== undefined) node.view.set("/bmc/bootNext", next);
    await bringOn(course, false);
    assert.deepEqual(told, ["/physState=POWER_ON"]);
  }
});

test("a device for the next boot stays where no order was given", async () => {
  const { course, told, node } = make(async () => true);
  node.view.set("/bmc/bootNext", "PXE");
  await bringOn(course, false);
  assert.deepEqual(told, ["/physState=POWER_ON"]);
});

test("power is cut with one note, from a machine that has been changing for a minute or the time that is given", async () => {
  assert.equal(STUCK, 60_000);
  for (const stuckAfter of [undefined, 0]) {
    const { course, told, pursuits } = make(async ({ ordering }) => {
      ordering?.();
      ordering?.();
      return true;
    });
    await cutPower(course, { why: "it hangs", begun: true, ...(stuckAfter !== undefined && { stuckAfter }) });
    assert.deepEqual(told, ["Its power is cut: it hangs"]);
    const expected = { change: "off", begun: true, maxRefusals: 3, stuckAfter: stuckAfter ?? 60_000 };
    assert.deepEqual(pursuits.map(essence), [expected]);
  }
  const { course, told } = make(async () => true);
  await cutPower(course, { why: "it hangs", begun: false });
  assert.deepEqual(told, [], "it was off");
});

test("a controller that has no such order makes it a mistake about this node", async () => {
  for (
    const [word, work] of [
      ["on", (course: Course) => bringOn(course, false)],
      ["off", (course: Course) => cutPower(course, { why: "it hangs", begun: false })],
    ] as const
  ) {
    const { course, told } = make(async () => false);
    await assert.rejects(work(course), {
      name: "MistakeError",
      message: `Cannot power 'n1' ${word}: its controller does not support that`,
    });
    assert.deepEqual(told, []);
  }
});

/** An order that ends with its signal, and not before. */
function untilOver({ signal }: Pursuit): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

test("a machine that has shut down needs no more, and one that can't be asked has its power cut", async () => {
  for (const [done, why] of [[true, undefined], [false, "its controller can't ask it to shut down"]] as const) {
    const { course, clock, pursuits } = make(async () => done);
    assert.equal(await shutDown(course, clock, 30_000), why);
    assert.equal(clock.waiting, 0);
    const expected = { change: "shutdown", begun: false, maxRefusals: Infinity, stuckAfter: undefined };
    assert.deepEqual(pursuits.map(essence), [expected]);
  }
});

test("a machine that is not off in its time has its power cut, with what it was asked", async () => {
  for (
    const [isTaken, why] of [
      [false, "it could not be asked to shut down within 30 s (it said: no)"],
      [true, "it was asked to shut down, and is not off after 30 s (it said: no)"],
    ] as const
  ) {
    const { course, clock } = make((pursuit) => {
      if (isTaken) pursuit.taken?.("taken");
      return untilOver(pursuit);
    });
    await clock.advance(100_000);
    let found: string | undefined;
    const going = shutDown(course, clock, 30_000).then((words) => found = words);
    await clock.advance(29_999);
    assert.equal(found, undefined);
    await clock.advance(1);
    await going;
    assert.equal(found, why);
    assert.equal(clock.waiting, 0);
  }
});

test("an order to shut down that is taken late has its time, up to a minute more in all", async () => {
  for (const [graceful, takenAt, overAt] of [[30_000, 20_000, 50_000], [90_000, 80_000, 150_000]] as const) {
    const { course, clock } = make((pursuit) => {
      clock.after(takenAt, () => pursuit.taken?.("taken"));
      return untilOver(pursuit);
    });
    await clock.advance(1_000);
    let found: string | undefined;
    const going = shutDown(course, clock, graceful).then((words) => found = words);
    await clock.advance(overAt - 1);
    assert.equal(found, undefined, String(graceful));
    await clock.advance(1);
    await going;
    assert.match(found ?? "", /^it was asked to shut down/);
  }
});

test("time in which an order to shut down waits for its turn does not count, until it is taken", async () => {
  const { course, clock, told } = make(async (pursuit) => {
    clock.after(10_000, () => {
      const done = pursuit.run.queued();
      clock.after(60_000, () => {
        done();
        clock.after(10_000, () => pursuit.taken?.("taken"));
      });
    });
    return await untilOver(pursuit);
  });
  await clock.advance(5_000);
  let found: string | undefined;
  const going = shutDown(course, clock, 30_000).then((words) => found = words);
  await clock.advance(10_000);
  assert.deepEqual(told, ["waits"]);
  await clock.advance(60_000);
  assert.deepEqual(told, ["waits", "goes on"]);
  // Taken after 20 s of its own time: it has 30 s from then.
  await clock.advance(10_000 + 29_999);
  assert.equal(found, undefined);
  await clock.advance(1);
  await going;
  assert.match(found ?? "", /is not off after 30 s/);
});

test("an order to shut down that waited for its turn and is taken late has up to a minute more beyond that", async () => {
  const { course, clock } = make(async (pursuit) => {
    clock.after(10_000, () => {
      const done = pursuit.run.queued();
      clock.after(60_000, () => {
        done();
        clock.after(70_000, () => pursuit.taken?.("taken"));
      });
    });
    return await untilOver(pursuit);
  });
  await clock.advance(5_000);
  let found: string | undefined;
  const going = shutDown(course, clock, 90_000).then((words) => found = words);
  await clock.advance(60_000 + 90_000 + 60_000 - 1);
  assert.equal(found, undefined);
  await clock.advance(1);
  await going;
  assert.match(found ?? "", /is not off after 90 s/);
});

test("an order to shut down that waited for its turn and is not taken is over with the rest of its time", async () => {
  const { course, clock } = make(async (pursuit) => {
    clock.after(10_000, () => clock.after(60_000, pursuit.run.queued()));
    return await untilOver(pursuit);
  });
  await clock.advance(5_000);
  let found: string | undefined;
  const going = shutDown(course, clock, 30_000).then((words) => found = words);
  await clock.advance(89_999);
  assert.equal(found, undefined);
  await clock.advance(1);
  await going;
  assert.match(found ?? "", /could not be asked/);
});

test("a look that waits for its turn after the order was taken gives the machine no more time", async () => {
  const { course, clock } = make(async (pursuit) => {
    pursuit.taken?.("taken");
    clock.after(10_000, () => clock.after(60_000, pursuit.run.queued()));
    return await untilOver(pursuit);
  });
  let found: string | undefined;
  const going = shutDown(course, clock, 30_000).then((words) => found = words);
  await clock.advance(30_000);
  await going;
  assert.match(found ?? "", /is not off after 30 s/);
});

test("what ends the mutation, or goes wrong, is no reason to cut the power", async () => {
  const { course, clock, ended } = make(untilOver);
  const going = shutDown(course, clock, 30_000);
  ended.abort(new Error("Not wanted"));
  await assert.rejects(going, /Not wanted/);
  assert.equal(clock.waiting, 0);
  const broken = make(() => Promise.reject(new Error("It fails")));
  await assert.rejects(shutDown(broken.course, broken.clock, 30_000), /It fails/);
  assert.equal(broken.clock.waiting, 0);
});

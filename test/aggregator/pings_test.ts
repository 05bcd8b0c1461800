import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { createPings } from "../../aggregator/links/pings.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

/** Children that are looked at, and what was said of them and to them. */
function makePings() {
  const clock = createVirtualClock();
  const said: string[] = [];
  const pings = createPings({
    clock,
    send: (child) => void said.push(`ask ${child}`),
    silent: (child) => void said.push(`silent ${child}`),
  });
  return { clock, said, pings, begin: (child: string) => pings.begin(child, () => said.push(`alive ${child}`)) };
}

test("a child that says nothing is asked three times, and is silent within four seconds", async () => {
  const { clock, said, begin } = makePings();
  begin("a");
  await clock.advance(3_599);
  assert.deepEqual(said, ["ask a", "ask a", "ask a"]);
  await clock.advance(1);
  assert.deepEqual(said.slice(3), ["silent a"]);
  await clock.advance(60_000);
  assert.equal(said.length, 4);
  begin("a");
  await clock.advance(3_600);
  assert.deepEqual(said.slice(4), ["ask a", "ask a", "ask a", "silent a"], "it can be looked at again");
});

test("what was on its way when a look began is no sign of life; what comes after the first question is", async () => {
  const { clock, said, begin, pings } = makePings();
  begin("a");
  await clock.advance(499);
  pings.heard("a");
  await clock.advance(1);
  pings.heard("b");
  assert.deepEqual(said, ["ask a"]);
  await clock.advance(3_099);
  pings.heard("a");
  await clock.advance(60_000);
  assert.deepEqual(said, ["ask a", "ask a", "ask a", "alive a"]);
});

test("a child that is not of interest any more is neither, and after a stop nothing comes", async () => {
  const { clock, said, begin, pings } = makePings();
  begin("a");
  begin("b");
  await clock.advance(600);
  pings.end("a");
  pings.heard("a");
  pings.stop();
  await clock.advance(60_000);
  assert.deepEqual(said, ["ask a", "ask b"]);
});

test("however often and whenever looks begin, a child that answers within a second is never silent, and one that does not is asked at most once a second", async () => {
  const covered = createCoverage(
    "looks",
    ["a dead child", "a living child", "a look during another", "ten looks"],
    0.3,
  );
  const event = fc.record({ wait: fc.integer({ min: 0, max: 4_000 }), child: fc.constantFrom("living", "dead") });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 40 }), fc.integer({ min: 1, max: 999 }), async (events, delay) => {
      const clock = createVirtualClock();
      let silent = 0;
      const asked: number[] = [];
      const pings = createPings({
        clock,
        send(child) {
          if (child === "living") clock.after(delay, () => pings.heard(child));
          else asked.push(clock.now());
        },
        silent(child) {
          assert.equal(child, "dead");
          silent++;
        },
      });
      covered.saw(
        ...(events.some(({ child }) => child === "dead") ? ["a dead child" as const] : []),
        ...(events.some(({ child }) => child === "living") ? ["a living child" as const] : []),
        ...(events.some(({ child, wait }, at) => wait < 500 && events[at + 1]?.child === child)
          ? ["a look during another" as const]
          : []),
        ...(events.length >= 10 ? ["ten looks" as const] : []),
      );
      let looks = 0;
      for (const { wait, child } of events) {
        if (child === "dead") looks++;
        pings.begin(child, () => assert.equal(child, "living"));
        await clock.advance(wait);
      }
      await clock.advance(10_000);
      assert.ok(silent <= looks && (looks === 0) === (silent === 0));
      assert.ok(asked.every((at, index) => index === 0 || at - (asked[index - 1] ?? 0) >= 1_000));
    }),
    { numRuns: 50 },
  );
  covered.check();
});

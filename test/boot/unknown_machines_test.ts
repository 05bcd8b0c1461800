import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { limitUnknownMachines } from "../../aggregator/boot/source_rates.ts";
import { createUnknownMachines, MAX_UNKNOWN_MACHINES } from "../../aggregator/nodes/unknown_machines.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

/** A table, and what boot servers tell it. */
function makeTable() {
  const clock = createVirtualClock();
  const table = createUnknownMachines(clock, () => false);
  const { saw } = limitUnknownMachines(table, clock);
  return { clock, table, see: (mac: string) => saw({ mac, asked: "script" }) };
}

test("a flood of invented machines pushes none out that asks again, and hides none that comes meanwhile for long", async () => {
  const repeats = fc.integer({ min: 1, max: 4 });
  const covered = createCoverage("floods", ["more than are let in", "fewer"]);
  await fc.assert(
    fc.asyncProperty(repeats, fc.oneof(fc.constant(1), fc.integer({ min: 3, max: 40 })), async (times, perTurn) => {
      covered.saw(perTurn > 2 ? "more than are let in" : "fewer");
      const { clock, table, see } = makeTable();
      for (let n = 0; n < 20; n++) for (let time = 0; time < 2; time++) see(`real${n}`);
      let invented = 0;
      let hidden = 0;
      for (let turn = 0; turn < 400; turn++) { // a quarter of a second each
        for (let n = 0; n < perTurn; n++, invented++) for (let time = 0; time < times; time++) see(`x${invented}`);
        if (turn >= 200 && turn % 60 === 0) { // every 15 s, as scripts have it
          see("newcomer");
          if (turn >= 300) hidden += table.find("newcomer") === undefined ? 1 : 0;
        }
        await clock.advance(250);
      }
      assert.ok(table.list().length <= MAX_UNKNOWN_MACHINES);
      for (let n = 0; n < 20; n++) assert.ok(table.find(`real${n}`), `real${n}`);
      assert.ok(perTurn > 2 || hidden === 0);
    }),
    { numRuns: 8 },
  );
  covered.check();
});

test("new machines are let in at a bounded rate, and those that were turned away when they ask again", async () => {
  const { clock, table, see } = makeTable();
  for (let n = 0; n < 1_000; n++) see(`m${n}`);
  assert.equal(table.list().length, 64);
  await clock.advance(1_000);
  for (let n = 0; n < 1_000; n++) see(`m${n}`);
  assert.equal(table.list().length, 72);
  assert.equal(table.find("m0")?.count, 2, "those that are there are not held up");
});

test("a machine that was not seen for an hour makes room first", async () => {
  const clock = createVirtualClock();
  const table = createUnknownMachines(clock, () => false);
  for (let time = 0; time < 3; time++) table.saw({ mac: "gone", asked: "script" });
  await clock.advance(3_600_001);
  for (let n = 0; n < MAX_UNKNOWN_MACHINES; n++) table.saw({ mac: `m${n}`, asked: "script" });
  assert.equal(table.find("gone"), undefined);
  assert.equal(table.list().length, MAX_UNKNOWN_MACHINES);
});

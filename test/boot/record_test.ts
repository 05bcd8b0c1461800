import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import {
  beginRecord,
  type BootGroup,
  type BootSight,
  followNode,
  followSight,
  isBooted,
  statementsOf,
} from "../../src/boot/mod.ts";
import type { Value } from "../../src/state/mod.ts";

/** What happens to a node: a sight of its machine, or a discovered value. */
type Happening = BootSight | { readonly url: string; readonly value: string };

const sight = fc.oneof(
  fc.constantFrom<BootSight>(
    ...[{ kind: "address" }, { kind: "script" }, { kind: "loaded" }, { kind: "enrolled" }, { kind: "alive" }] as const,
  ),
  fc.integer({ min: -5, max: 120 }).map((percent): BootSight => ({ kind: "progress", percent })),
);
const value = fc.oneof(
  fc.record({ url: fc.constant("/physState"), value: fc.constantFrom("POWER_ON", "POWER_OFF", "PHYS_HANG") }),
  fc.record({ url: fc.constant("/link"), value: fc.constantFrom("UP", "DOWN") }),
  fc.record({ url: fc.constant("/runState"), value: fc.constantFrom("INIT", "SYNC", "ERROR") }),
);
const history = fc.array(fc.oneof(sight, value), { maxLength: 40 });

/** A node of one way to boot, and what is made of what happens to it. */
function makeNode(group: BootGroup) {
  const view = new Map<string, Value>([["/physState", "POWER_ON"]]);
  const record = beginRecord(view, group);
  const told: string[] = [];
  let ended = 0;
  function happen(what: Happening): void {
    if ("kind" in what) return discover(followSight(record, view, group, what, 0));
    view.set(what.url, what.value);
    // What is known of a machine that is on, and of no other one.
    if (view.get("/physState") !== "POWER_ON") {
      for (const url of view.keys()) if (url !== "/physState") view.delete(url);
    }
    if (followNode(record, view)) ended++;
    discover(statementsOf(record, view, group));
  }
  function discover(statements: readonly (readonly [string, Value | null])[]): void {
    for (const [url, value] of statements) {
      told.push(`${url.replace(`/${group}/`, "/")}=${value}`);
      if (value === null) view.delete(url);
      else view.set(url, value);
    }
  }
  return { view, record, told, happen, ended: () => ended };
}

test("machines are followed in the same way, however they boot", () => {
  const classes = ["NONE", "DHCP", "LOADING", "INIT", "ended"] as const;
  const covered = createCoverage("boots", classes, 0.15);
  fc.assert(fc.property(history, (happenings) => {
    const [pxe, rpi] = [makeNode("pxe"), makeNode("rpi")];
    const reached = new Set<(typeof classes)[number]>();
    for (const what of happenings) {
      pxe.happen(what);
      rpi.happen(what);
      if (pxe.record.phase !== "WAIT") reached.add(pxe.record.phase); // that is what listens for it to say
    }
    covered.saw(...reached, ...(pxe.ended() > 0 ? ["ended" as const] : []));
    assert.deepEqual(pxe.told, rpi.told);
    assert.deepEqual(pxe.record, rpi.record);
    assert.equal(pxe.ended(), rpi.ended());
  }));
  covered.check();
});

test("while an agent is heard nothing that is seen in its machine's name changes anything, and it is told of no machine that is off", () => {
  const covered = createCoverage("what is seen meanwhile", ["while it boots", "while it does not", "alive"], 0.15);
  fc.assert(fc.property(history, fc.array(sight), (before, sights) => {
    const node = makeNode("pxe");
    before.forEach(node.happen);
    covered.saw(
      ["DHCP", "LOADING", "INIT"].includes(node.record.phase) ? "while it boots" : "while it does not",
      ...(sights.some(({ kind }) => kind === "alive") ? ["alive" as const] : []),
    );
    node.happen({ url: "/physState", value: "POWER_ON" });
    node.happen({ url: "/link", value: "UP" });
    const [told, phase] = [node.told.length, node.record.phase];
    sights.forEach(node.happen);
    assert.deepEqual([node.told.length, node.record.phase], [told, phase]);
    node.happen({ url: "/physState", value: "POWER_OFF" });
    node.happen({ url: "/link", value: "DOWN" });
    sights.forEach(node.happen);
    assert.equal(node.told.length, told);
  }));
  covered.check();
});

test("what runs goes on running until its machine asks for an address, and again from when its agent gives a sign of life", () => {
  const covered = createCoverage("what runs", ["goes on", "asks for an address", "fails"], 0.05);
  fc.assert(
    fc.property(history, fc.array(fc.oneof(sight, value)), (before, after) => {
      const node = makeNode("pxe");
      before.forEach(node.happen);
      node.happen({ url: "/physState", value: "POWER_ON" });
      node.happen({ url: "/runState", value: "SYNC" });
      node.happen({ kind: "alive" });
      assert.ok(isBooted(node.record, node.view));
      covered.saw(
        ...(after.some((what) => "kind" in what && what.kind === "address") ? ["asks for an address" as const] : []),
        ...(after.some((what) => "value" in what && what.value === "ERROR") ? ["fails" as const] : []),
        ...(after.length > 0 && after.every((what) => "kind" in what && what.kind !== "address")
          ? ["goes on" as const]
          : []),
      );
      for (const what of after) {
        const was = isBooted(node.record, node.view);
        node.happen(what);
        const isOver = "kind" in what
          ? what.kind === "address" || node.view.get("/link") !== "UP"
          : what.value === "ERROR" || what.url === "/physState";
        assert.ok(!was || isBooted(node.record, node.view) || isOver, JSON.stringify(what));
      }
    }),
    { numRuns: 400 },
  );
  covered.check();
});

test("progress only grows within a load, in steps of 5 percent", () => {
  const covered = createCoverage("progress", ["none", "grows", "falls", "whole"], 0.08);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5, max: 120 }), { maxLength: 8 }), (percents) => {
      covered.saw(
        ...(percents.length === 0 ? ["none" as const] : []),
        ...(percents.some((percent) => percent >= 100) ? ["whole" as const] : []),
        ...percents.slice(1).map((percent, at) => percent > (percents[at] ?? 0) ? "grows" as const : "falls" as const),
      );
      const node = makeNode("pxe");
      node.happen({ kind: "script" });
      for (const percent of percents) node.happen({ kind: "progress", percent });
      const told = node.told.flatMap((line) => line.startsWith("/progress=") ? [Number(line.slice(10))] : []);
      assert.ok(
        told.every((percent, index) => percent % 5 === 0 && percent <= 100 && percent > (told[index - 1] ?? -1)),
      );
      assert.equal(told.at(-1), Math.max(0, ...percents.map((percent) => Math.min(100, Math.floor(percent / 5) * 5))));
    }),
    { numRuns: 300 },
  );
  covered.check();
});

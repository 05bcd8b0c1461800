import assert from "node:assert/strict";
import { test } from "node:test";
import { createGrounder } from "../../src/plan/ground.ts";
import { small } from "./machine.ts";

test("ground() takes up what a mutation of a pattern requires of another pattern, for the same name", () => {
  const domain = small({
    start: { changes: { "/disks/{name}/state": ["a", "b"] }, requires: { "/disks/{name}/power": "b" } },
    power: { changes: { "/disks/{name}/power": ["a", "b"] } },
  });
  const frame = createGrounder(domain).ground(["/disks/d1/state"], []);
  assert.deepEqual(frame.urls, ["/disks/d1/power", "/disks/d1/state"]);
  assert.deepEqual(frame.mutations.map(({ key }) => key), ["m/power{name=d1}", "m/start{name=d1}"]);
});

test("ground() binds a mutation that changes a plain URL too for each name of the node", () => {
  const domain = small({ claim: { changes: { "/owner": ["a", "b"], "/disks/{name}/state": ["a", "b"] } } });
  const grounder = createGrounder(domain);
  const names = grounder.namesOf(
    new Map([["/disks/d2/state", "a"], ["/owner", "a"]]),
    new Map([["/disks/d1/state", "a"]]),
  );
  assert.deepEqual(names, ["/disks/d1/state", "/disks/d2/state"]);
  const keys = grounder.ground(["/owner"], names).mutations.map(({ key }) => key);
  assert.deepEqual(keys, ["m/claim{name=d1}", "m/claim{name=d2}"]);
});

test("ground() orders the instances of a mutation by name, whatever the order of the goals", () => {
  const domain = small({ start: { changes: { "/disks/{name}/state": ["a", "b"] } } });
  const urls = ["d2", "d1", "d3"].map((name) => `/disks/${name}/state`);
  const keys = createGrounder(domain).ground(urls, []).mutations.map(({ key }) => key);
  assert.deepEqual(keys, ["m/start{name=d1}", "m/start{name=d2}", "m/start{name=d3}"]);
});

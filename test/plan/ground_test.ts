import assert from "node:assert/strict";
import { test } from "node:test";
import { createGrounder } from "../../src/plan/ground.ts";
import { mutationKey } from "../../src/plan/mutation.ts";
import { placeholdersOf } from "../../src/plan/lookup.ts";
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

test("ground() takes up every URL that a mutation names, and what those need to be known", () => {
  const domain = small({
    go: { changes: { "/x": ["a", "b"] }, requires: { "/y": "a" }, excludes: { "/z": ["a", "c"], "/w": "b" } },
    turn: { changes: { "/z": ["a", "b"] }, requires: { "/v": "a" } },
    k: { changes: { "/k": ["b", "c"] }, requires: { "/l": "b", "/j": "a" } },
    other: { changes: { "/u": ["a", "b"] }, requires: { "/x": "a" } },
  }, { "/y": { "/k": "a" }, "/k": { "/l": "b", "/j": "a" } });
  const frame = createGrounder(domain).ground(["/x"], []);
  assert.deepEqual(frame.urls, ["/j", "/k", "/l", "/v", "/w", "/x", "/y", "/z"]);
  assert.deepEqual(frame.mutations.map(({ key }) => key), ["m/go", "m/k", "m/turn"]);
  assert.deepEqual([...frame.conditions].sort(), [
    ["/k", [{ url: "/j", value: "a" }, { url: "/l", value: "b" }]],
    ["/y", [{ url: "/k", value: "a" }]],
  ]);
});

test("ground() binds all of a mutation, in the order of URLs", () => {
  const domain = small({
    start: {
      changes: { "/disks/{name}/state": ["a", "b"], "/disks/{name}/bay": ["a", "b"] },
      requires: { "/disks/{name}/power": "b", "/a": "a" },
      excludes: { "/disks/{name}/lamp": "c", "/b": ["a", "b"] },
      failTo: { "/disks/{name}/state": "c" },
      timeout: 1001,
      disruption: 3,
    },
  });
  assert.deepEqual(createGrounder(domain).ground(["/disks/d1/state"], []).mutations, [{
    key: "m/start{name=d1}",
    module: "m",
    id: "start",
    bindings: { name: "d1" },
    context: "parent",
    changes: [{ url: "/disks/d1/bay", from: "a", to: "b" }, { url: "/disks/d1/state", from: "a", to: "b" }],
    requires: [{ url: "/a", value: "a" }, { url: "/disks/d1/power", value: "b" }],
    excludes: [{ url: "/b", values: ["a", "b"] }, { url: "/disks/d1/lamp", values: ["c"] }],
    failTo: { "/disks/d1/state": "c" },
    timeout: 1001,
    disruption: 3,
    duration: 251,
  }]);
});

test("ground() orders mutations by module, id and name, whichever is found first", () => {
  const domain = small({
    "z-first": { changes: { "/disks/{name}/state": ["a", "b"] }, requires: { "/y": "b" } },
    "b-then": { changes: { "/y": ["a", "b"] }, requires: { "/x": "b" } },
    "a-last": { changes: { "/x": ["a", "b"] } },
  });
  const keys = createGrounder(domain).ground(["/disks/d2/state", "/disks/d1/state"], []).mutations.map(({ key }) =>
    key
  );
  assert.deepEqual(keys, ["m/a-last", "m/b-then", "m/z-first{name=d1}", "m/z-first{name=d2}"]);
});

test("ground() takes a mutation of a plain URL only for names of the patterns that it changes", () => {
  const domain = small({
    claim: { changes: { "/owner": ["a", "b"], "/disks/{name}/state": ["a", "b"] } },
    start: { changes: { "/services/{name}/state": ["a", "b"] } },
    plain: { changes: { "/owner": ["a", "c"] } },
  });
  const grounder = createGrounder(domain);
  const values = new Map([["/disks/d1/state", "a"], ["/services/s1/state", "a"], ["/owner", "a"], ["/none", "a"]]);
  assert.deepEqual(grounder.namesOf(values, new Map()), ["/disks/d1/state"]);
  const keys = (names: readonly string[]) => grounder.ground(["/owner"], names).mutations.map(({ key }) => key);
  assert.deepEqual(keys(["/disks/d1/state"]), ["m/claim{name=d1}", "m/plain"]);
  assert.deepEqual(keys([]), ["m/plain"]);
  assert.deepEqual(keys(["/services/s1/state", "/none"]), ["m/plain"]);
});

test("namesOf() asks for no names where no mutation changes a pattern and a plain URL together", () => {
  const domain = small({ start: { changes: { "/disks/{name}/state": ["a", "b"] }, requires: { "/owner": "a" } } });
  assert.deepEqual(createGrounder(domain).namesOf(new Map([["/disks/d1/state", "a"]]), new Map()), []);
});

test("mutationKey() names the placeholders in their order", () => {
  assert.equal(mutationKey("m", "a", {}), "m/a");
  assert.equal(mutationKey("m", "a", { name: "x" }), "m/a{name=x}");
  assert.equal(mutationKey("m", "a", { switch: "s", port: "p", bay: "b" }), "m/a{bay=b,port=p,switch=s}");
});

test("placeholdersOf() gives the names of placeholders in their order", () => {
  assert.deepEqual(placeholdersOf("/switches/{switch}/ports/{port}"), ["port", "switch"]);
  assert.deepEqual(placeholdersOf("/plain"), []);
});

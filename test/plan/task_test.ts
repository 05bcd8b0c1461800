import assert from "node:assert/strict";
import { test } from "node:test";
import { explainUnreachable } from "../../src/plan/explain.ts";
import type { Domain, NoPlan } from "../../src/plan/plan.ts";
import { relaxedReach } from "../../src/plan/reach.ts";
import { problemFor } from "./compiled.ts";
import { type Given, small } from "./machine.ts";

/** Why `/x` can't become "b". */
function reasonFor(domain: Domain, view: Given): NoPlan {
  const problem = problemFor(domain, view, { "/x": "b" });
  const reached = relaxedReach(problem.task);
  return explainUnreachable(
    problem,
    (url) => {
      const variable = problem.variableOf(url);
      return variable === undefined ? undefined : { variable, reached };
    },
    { url: "/x", value: "b" },
  );
}

const guarded = small({
  go: { changes: { "/x": ["a", "b"] }, requires: { "/y": "a" } },
  leave: { changes: { "/w": ["a", "b"] } },
}, { "/y": { "/w": "a" } });

test("a value that no mutation changes can vary only where it is known now and can be forgotten", () => {
  const known = { "/w": "a", "/x": "a" };
  assert.deepEqual(problemFor(guarded, known, { "/x": "b" }).task.urls, ["/w", "/x"]);
  assert.deepEqual(problemFor(guarded, { ...known, "/y": "a" }, { "/x": "b" }).task.urls, ["/w", "/x", "/y"]);
});

test("what no mutation changes and nobody knows has its unknown value", () => {
  assert.equal(problemFor(guarded, { "/w": "a", "/x": "a" }, { "/x": "b" }).fixed("/y"), "?");
  assert.deepEqual(reasonFor(guarded, { "/w": "a", "/x": "a" }), {
    kind: "unreachable",
    url: "/x",
    value: "b",
    achievers: [{
      key: "m/go",
      lacks: [{ kind: "constant", url: "/y", needs: "a", is: "?", words: "/y is '?': needs 'a'" }],
    }],
  });
});

test("of several excluded values the one that a variable has for good is in the way", () => {
  const domain = small({ go: { changes: { "/x": ["a", "b"] }, excludes: { "/y": ["c", "d"] } } });
  assert.deepEqual(reasonFor(domain, { "/x": "a", "/y": "d" }), {
    kind: "unreachable",
    url: "/x",
    value: "b",
    achievers: [{
      key: "m/go",
      lacks: [{ kind: "excluded", url: "/y", excludes: ["c", "d"], is: "d", words: "/y is 'd': must not be" }],
    }],
  });
});

test("mutations that lead another variable to the same value are no way to the goal", () => {
  const domain = small({
    go: { changes: { "/x": ["a", "b"] }, requires: { "/y": "c" } },
    turn: { changes: { "/y": ["a", "b"] } },
  });
  const reason = reasonFor(domain, { "/x": "a", "/y": "a" });
  assert.ok(reason.kind === "unreachable");
  assert.deepEqual(reason.achievers.map(({ key }) => key), ["m/go"]);
});

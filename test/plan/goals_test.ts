import assert from "node:assert/strict";
import { test } from "node:test";
import { planFor, small } from "./machine.ts";

const domain = small({
  w: { changes: { "/w": ["a", "b"] } },
  x: { changes: { "/x": ["a", "b"] } },
  y: { changes: { "/y": ["a", "b"] } },
  z: { changes: { "/z": ["a", "b"] } },
}, { "/x": { "/w": "a" }, "/y": { "/x": "a" }, "/z": { "/y": "a", "/w": "a" } });

function suspendedBy(cfg: { readonly [url: string]: string }): { readonly [url: string]: string } {
  const { suspended } = planFor({ "/w": "a" }, cfg, domain);
  return Object.fromEntries(suspended.map(({ url, because }) => [url, because.url]));
}

test("a goal gives way to one that its own condition contradicts", () => {
  assert.deepEqual(suspendedBy({ "/w": "b", "/x": "b" }), { "/x": "/w" });
  assert.deepEqual(suspendedBy({ "/w": "a", "/x": "b" }), {});
});

test("a goal gives way at any depth of conditions", () => {
  assert.deepEqual(suspendedBy({ "/w": "b", "/y": "a" }), { "/y": "/w" });
});

test("the deepest goal in the way is the one that is named, never one that gives way itself", () => {
  assert.deepEqual(suspendedBy({ "/w": "b", "/x": "b", "/y": "b", "/z": "a" }), {
    "/x": "/w",
    "/y": "/w",
    "/z": "/w",
  });
  assert.deepEqual(suspendedBy({ "/x": "b", "/y": "a", "/z": "a" }), { "/y": "/x", "/z": "/x" });
});

test("a goal to be unknown never gives way", () => {
  assert.deepEqual(suspendedBy({ "/w": "b", "/x": "?" }), {});
  assert.equal(planFor({ "/w": "a", "/x": "a" }, { "/w": "b", "/x": "?" }, domain).ok, true);
});

test("what is suspended is taken up again with the goal that stood in the way", () => {
  assert.deepEqual(suspendedBy({ "/x": "b" }), {});
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { idleReason } from "../../aggregator/nodes/idle_reason.ts";
import { joinDeclaration } from "../../modules/join/declaration.ts";
import { simpowerDeclaration } from "../../modules/simpower/declaration.ts";
import { compileDomain } from "../../src/plan/mod.ts";

const domain = compileDomain([joinDeclaration, simpowerDeclaration]);
const UP = { "/platform": "sim", "/physState": "POWER_ON" };

function reasonFor(cfg: Readonly<Record<string, string>>, isServed = true): string | undefined {
  return idleReason(domain, new Map(Object.entries(cfg)), isServed);
}

test("a node that something is done for has no reason to be idle", () => {
  assert.equal(reasonFor(UP), undefined);
});

test("a node that no aggregator serves is idle for that", () => {
  assert.match(reasonFor(UP, false) ?? "", /^no aggregator serves it: set \/parent /);
});

test("a node of a platform that no module is for is idle for that, which names those that there are", () => {
  assert.match(reasonFor({ ...UP, "/platform": "smi" }) ?? "", /^\/platform is 'smi', .* expected '.*'$/);
});

test("a node whose cfg has no goal is idle for that", () => {
  assert.match(reasonFor({ "/platform": "sim", "/rack": "r1" }) ?? "", /^its cfg asks for nothing: set a goal/);
});

test("an aggregator's own node has no goals, and needs no reason for that", () => {
  assert.equal(reasonFor({ "/role": "AGGREGATOR" }, false), undefined);
});

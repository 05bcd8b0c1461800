import assert from "node:assert/strict";
import { test } from "node:test";
import { createDomains } from "../../aggregator/nodes/domains.ts";
import { joinDeclaration } from "../../modules/join/declaration.ts";
import { serviceDeclaration } from "../../modules/service/declaration.ts";
import { createLog } from "../../src/log.ts";
import { declareModule, type ModuleDeclaration } from "../../src/plan/mod.ts";
import { core, defineExtension, enumeration } from "../../src/state/mod.ts";

const log = createLog(() => {});

/** A module of some version: each has a mutation of its own name. */
function fanOf(version: number, writer: "self" | "parent" = "self"): ModuleDeclaration {
  const fan = defineExtension("fan", {
    "/fan": { type: enumeration("UNKNOWN", "SLOW"), writer, about: "Speed", knownWhile: { "/runState": "SYNC" } },
  });
  return declareModule({
    name: "fan",
    about: `Version ${version}`,
    extensions: [core, fan],
    discovers: ["/fan"],
    mutations: { look: { context: writer, changes: { "/fan": ["UNKNOWN", "SLOW"] }, timeout: version } },
  });
}

test("a node is planned for with what its own agent declares, and others are not", () => {
  const domains = createDomains([joinDeclaration], [serviceDeclaration], log);
  assert.equal(domains.isMutable("/fan"), false);
  assert.equal(domains.declare("a", [serviceDeclaration, fanOf(1)]), undefined);
  assert.ok(domains.isMutable("/fan"));
  assert.ok(domains.plannerOf("a").domain.isMutable("/fan"));
  assert.equal(domains.plannerOf("b").domain.isMutable("/fan"), false);
  assert.equal(domains.schema.find("/fan")?.variable.writer, "self");
});

test("agents that run the same share a planner, whatever the order in which they name their modules", () => {
  const domains = createDomains([joinDeclaration], [serviceDeclaration], log);
  domains.declare("a", [serviceDeclaration, fanOf(1)]);
  domains.declare("b", [fanOf(1), serviceDeclaration]);
  assert.equal(domains.plannerOf("a"), domains.plannerOf("b"));
});

test("modules that do not fit are refused in words, and the node is planned for as before", () => {
  const domains = createDomains([joinDeclaration], [serviceDeclaration], log);
  const before = domains.plannerOf("a");
  domains.declare("b", [serviceDeclaration, fanOf(1)]);
  assert.match(domains.declare("a", [fanOf(1, "parent")]) ?? "", /'\/fan' is declared differently/);
  assert.equal(domains.plannerOf("a"), before);
});

test("upgrades do not use up the room for planners: what no agent runs any more is forgotten", () => {
  const domains = createDomains([joinDeclaration], [serviceDeclaration], log);
  for (let version = 1; version <= 100; version++) {
    assert.equal(domains.declare("a", [serviceDeclaration, fanOf(version)]), undefined, `version ${version}`);
  }
  for (let node = 0; node < 40; node++) domains.declare(`n${node}`, [serviceDeclaration, fanOf(1000 + node)]);
  assert.match(domains.declare("last", [fanOf(5000)]) ?? "", /more than 32 different sets/);
});

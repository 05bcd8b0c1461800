import assert from "node:assert/strict";
import { test } from "node:test";
import { createPxeModule } from "../../modules/pxe/module.ts";
import { createLog, type Level, withLevel } from "../../src/log.ts";
import { hostForTest, testNode } from "../modules/module_fixture.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

test("withLevel() writes the lines of a level from when it is set until it is set back", () => {
  const written: string[] = [];
  let level: Level = "info";
  const log = withLevel(createLog((line) => written.push(JSON.parse(line).message), { level: "debug" }), () => level);
  const child = log.with({ node: "n1" });
  const say = (n: number) => {
    child.debug(`debug ${n}`);
    child.info(`info ${n}`);
  };
  say(1);
  level = "debug";
  say(2);
  level = "error";
  say(3);
  child.error("error 3");
  assert.deepEqual(written, ["info 1", "debug 2", "info 2", "error 3"]);
});

test("boot services are told the cfg of their aggregator's own node at the start, and whenever it changes", async () => {
  const own = testNode("root", { "/boot/log": "debug" });
  const other = testNode("n1", { "/boot/log": "info" });
  const told: unknown[] = [];
  const { module } = createPxeModule({
    parent: "root",
    own: { id: own.id, onCfg: (cfg) => told.push(cfg.get("/boot/log")) },
    onEnd() {},
    fault: () => Promise.resolve(undefined),
  });
  const lab = await hostForTest(module, [own, other], { role: "parent", clock: createVirtualClock() });
  assert.deepEqual(told, ["debug"]);
  own.cfg.set("/boot/log", "info");
  lab.host.changed(other.id);
  assert.deepEqual(told, ["debug"]);
  lab.host.changed(own.id);
  assert.deepEqual(told, ["debug", "info"]);
  await lab.host.stop();
});

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { NO_MACHINES, withMachines } from "./lab.ts";

/** A boot takes 10 to 40 s where nothing else runs; these have slack for machines where much does. */
const BOOT = 240_000;
const ALL = 480_000;

test("four machines boot over the network, and whatever is done to them they come back", {
  ...(NO_MACHINES !== undefined && { skip: NO_MACHINES }),
}, async (t) => {
  await withMachines({ nodes: 4 }, async (lab) => {
    await t.test("all of them reach SYNC and run their service", async () => {
      await lab.converge(ALL);
      for (const name of lab.names) assert.deepEqual(lab.resets(name), ["On"], `${name} was powered on once`);
    });

    await t.test("one whose plug is pulled comes back", async () => {
      process.kill(lab.qemu("n1"), "SIGKILL");
      await waitFor("it is seen to be off", async () => (await lab.node("n1")).physState !== "POWER_ON", {
        limit: 60_000,
      });
      await lab.converge(BOOT);
      assert.deepEqual(lab.resets("n1"), ["On", "On"]);
    });

    await t.test("one that hangs is found, power-cycled and booted", async () => {
      const hung = lab.qemu("n2");
      process.kill(hung, "SIGSTOP");
      await waitFor("it is seen to be lost", async () => (await lab.node("n2")).runState !== "SYNC", {
        limit: 120_000,
      });
      await lab.converge(BOOT);
      assert.notEqual(lab.qemu("n2"), hung);
    });

    await t.test("nobody is power-cycled when the aggregator is restarted in the middle of a boot", async () => {
      await lab.api.patchCfg(lab.id("n3"), { physState: "POWER_OFF" });
      await waitFor("n3 is off", async () => (await lab.node("n3")).physState === "POWER_OFF", { limit: 120_000 });
      await lab.api.patchCfg(lab.id("n3"), { physState: "POWER_ON" });
      await waitFor("n3 loads its kernel", () => lab.console("n3").split("/initrd.img...").length > 2, { limit: BOOT });
      const before = lab.names.map((name) => lab.resets(name).length);
      process.kill(lab.aggregator(), "SIGKILL");
      await waitFor("the aggregator is there again", async () => (await lab.api.nodes()).length === 4, {
        limit: 60_000,
      });
      await lab.converge(BOOT);
      assert.deepEqual(lab.names.map((name) => lab.resets(name).length), before);
    });
  });
});

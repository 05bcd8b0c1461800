import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { machineFiles } from "../../scripts/vcluster/qemu/command.ts";
import { controlMachine } from "../../scripts/vcluster/qemu/control.ts";
import { NO_MACHINES, withMachines } from "./lab.ts";

const LIMIT = 300_000;

test("a machine that is reset while its agent runs is in SYNC again, and nobody cuts its power", {
  ...(NO_MACHINES !== undefined && { skip: NO_MACHINES }),
}, async () => {
  await withMachines({ nodes: 1 }, async (lab) => {
    await lab.converge(LIMIT);
    const start = performance.now();
    await controlMachine(machineFiles(join(lab.folder, "machines", "n1")).control, "system_reset");
    const since = () => ((performance.now() - start) / 1000).toFixed(1);
    await waitFor("its kernel is there again", () => lab.console("n1").split("kraken: n1 boots").length > 2, {
      limit: LIMIT,
    });
    const kernel = since();
    await lab.converge(LIMIT);
    assert.deepEqual(lab.resets("n1"), ["On"], "its power was left alone");
    const waits = lab.console("n1").split("as its agent is heard").length - 1;
    console.log(
      `A machine that was reset had its kernel after ${kernel} s, and was ready after ${since()} s; it waited ${waits} times for its script`,
    );
  });
});

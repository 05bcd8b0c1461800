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
    await controlMachine(machineFiles(join(lab.folder, "machines", "n1")).control, "system_reset");
    const since = stopwatch();
    const shown = (text: string) => lab.console("n1").split(text).length - 1;
    const scripts = () => shown("Kraken: n1 of cluster virtual fetches");
    // While its agent counts as heard it gets no script: anybody could ask for one in its name.
    await waitFor("it asks for its script", () => scripts() > 1 || shown("as its agent is heard") > 0, {
      limit: LIMIT,
    });
    const asked = since();
    await waitFor("it gets its script", () => scripts() > 1, { limit: LIMIT });
    const given = since();
    await waitFor("its kernel is there again", () => shown("kraken: n1 boots") > 1, { limit: LIMIT });
    await lab.converge(LIMIT);
    assert.deepEqual(lab.resets("n1"), ["On"], "its power was left alone");
    console.log(
      `A machine that was reset asked for its script after ${asked.toFixed(1)} s, got it ${
        (given - asked).toFixed(1)
      } s later, ` +
        `and was ready ${since().toFixed(1)} s after the reset`,
    );
  });
});

/** Seconds since now. */
function stopwatch(): () => number {
  const start = performance.now();
  return () => (performance.now() - start) / 1000;
}

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { machineFiles } from "../../scripts/vcluster/qemu/command.ts";
import { controlMachine } from "../../scripts/vcluster/qemu/control.ts";
import { NO_MACHINES, type VirtualLab, withMachines } from "./lab.ts";

const LIMIT = 300_000;

/** How a machine is restarted without a word to anybody. */
const WAYS: readonly { readonly how: string; readonly restart: (lab: VirtualLab) => Promise<void> }[] = [
  {
    how: "its reset button is pressed",
    restart: ({ folder }) => controlMachine(machineFiles(join(folder, "machines", "n1")).control, "system_reset"),
  },
  { how: "its kernel restarts it", restart: (lab) => lab.type("n1", "reboot -f\n") },
];

test("a machine that is restarted while its agent runs is in SYNC again, and nobody cuts its power", {
  ...(NO_MACHINES !== undefined && { skip: NO_MACHINES }),
}, async (t) => {
  await withMachines({ nodes: 1 }, async (lab) => {
    await lab.converge(LIMIT);
    for (const { how, restart } of WAYS) {
      await t.test(how, async () => {
        const before = lab.console("n1").length;
        const shown = (text: string) => lab.console("n1").slice(before).includes(text);
        const gotScript = () => shown("Kraken: n1 of cluster virtual fetches");
        await restart(lab);
        const since = stopwatch();
        // While its agent counts as heard it gets no script: anybody could ask for one in its name.
        await waitFor("it asks", () => gotScript() || shown("as its agent is heard"), { limit: LIMIT });
        const asked = since();
        await waitFor("it gets its script", gotScript, { limit: LIMIT });
        const given = since();
        await waitFor("its kernel is there again", () => shown("kraken: n1 boots"), { limit: LIMIT });
        await lab.converge(LIMIT);
        assert.deepEqual(lab.resets("n1"), ["On"], "its power was left alone");
        const [first, held, all] = [asked, given - asked, since()].map((seconds) => seconds.toFixed(1));
        console.log(
          `Where ${how} it asked for its script after ${first} s, got it ${held} s later, and was ready after ${all} s`,
        );
      });
    }
  });
});

/** Seconds since now. */
function stopwatch(): () => number {
  const start = performance.now();
  return () => (performance.now() - start) / 1000;
}

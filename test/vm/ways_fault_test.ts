import assert from "node:assert/strict";
import process from "node:process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { controlMachine } from "../../scripts/vcluster/qemu/control.ts";
import { UEFI } from "../../scripts/vcluster/qemu/command.ts";
import { readTimings } from "../../scripts/vcluster/timings.ts";
import { NO_MACHINES, withMachines } from "./lab.ts";

const LIMIT = 300_000;
const missing = existsSync(UEFI.x86_64.code) && existsSync("/usr/bin/ipmi_sim")
  ? undefined
  : "ovmf or openipmi is not installed";
const skip = NO_MACHINES ?? missing;
const options = skip === undefined ? {} : { skip };

test("a machine with UEFI boots, and one whose controller speaks IPMI is powered on and off", options, async () => {
  await withMachines({ nodes: 2, uefi: ["n1"], ipmi: ["n2"] }, async (lab) => {
    await lab.converge(LIMIT);
    assert.match(lab.console("n1"), /UEFI|BdsDxe|EFI/);
    await lab.api.patchCfg(lab.id("n2"), { physState: "POWER_OFF" });
    await waitFor("n2 is off", async () => (await lab.node("n2")).physState === "POWER_OFF", { limit: 120_000 });
    assert.throws(() => lab.qemu("n2"), /No QEMU/);
    assert.match(lab.console("n2"), /kraken: Asked to poweroff/, "it was asked to, and not cut off");
  });
});

test("machines boot beside a DHCP server of the site's own, which knows nothing of booting", options, async () => {
  await withMachines({ nodes: 1, dhcp: "proxy" }, async (lab) => {
    await lab.converge(LIMIT);
    assert.match(lab.console("n1"), /has the address 10\.77\.1\.1\/16, from DHCP/);
    // Of the site's server's answer nothing is seen, but of what the machine took.
    const { dhcpMs = -1, kernelMs = -1 } = readTimings("n1", await lab.events(), 0);
    assert.ok(
      dhcpMs > 0 && dhcpMs < kernelMs,
      `it had its address after ${dhcpMs} ms, its kernel after ${kernelMs} ms`,
    );
    await lab.renewed("n1");
    await lab.converge(LIMIT);
    assert.doesNotMatch(lab.console("n1"), /loses the address/);
  });
});

test("a machine whose power is to go is asked to end, and its agent is told first", options, async () => {
  await withMachines({ nodes: 1 }, async (lab) => {
    await lab.converge(LIMIT);
    await lab.api.patchCfg(lab.id("n1"), { physState: "POWER_OFF" });
    await waitFor("n1 is off", async () => (await lab.node("n1")).physState === "POWER_OFF", { limit: 120_000 });
    assert.match(
      lab.console("n1"),
      /kraken: Asked to poweroff: stopping the agent.*kraken: The agent has stopped.*kraken: poweroff/s,
    );
    assert.deepEqual(lab.resets("n1"), ["On", "GracefulShutdown"]);
  });
});

/** A service that says on the console that it was asked to end, and takes a moment for that. */
const POLITE =
  "trap 'sleep 1; echo the service was asked to end >/dev/console; exit 0' TERM; while :; do sleep 0.2; done";

test(
  "a machine whose power button is pressed asks its service to end, and comes back as cfg wants it on",
  options,
  async () => {
    await withMachines({ nodes: 1 }, async (lab) => {
      const config = { command: "sh", args: ["-c", POLITE], restart: "always" };
      await lab.api.patchCfg(lab.id("n1"), { services: { polite: { state: "RUN", config } } });
      await lab.converge(LIMIT);
      await controlMachine(lab.control("n1"), "system_powerdown");
      await waitFor("its programs have ended", () => /kraken: All programs have ended/.test(lab.console("n1")), {
        limit: 60_000,
      });
      assert.match(lab.console("n1"), /The agent has stopped.*the service was asked to end.*All programs have ended/s);
      await waitFor("it is on again", () => lab.resets("n1").length > 1, { limit: 120_000 });
      await lab.converge(LIMIT);
    });
  },
);

test(
  "an agent that is killed on its machine is started again there, and the machine is left alone",
  options,
  async () => {
    await withMachines({ nodes: 1 }, async (lab) => {
      await lab.converge(LIMIT);
      await lab.type("n1", "killall -9 kraken-agent || kill -9 $(pidof ld-linux-x86-64.so.2)\n");
      await waitFor("it is started again", () => /ended with code 137/.test(lab.console("n1")), { limit: 60_000 });
      await lab.converge(LIMIT);
      assert.deepEqual(lab.resets("n1"), ["On"]);
      process.kill(lab.lab.inside.pid, 0);
    });
  },
);

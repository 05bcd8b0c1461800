import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { withFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { makeCertificate, startBmcs, type TestBmcs, USER } from "./bmc_fixture.ts";

/** Ironic's client for Redfish: Debian's Python has it, and no other. */
const PYTHON = "/usr/bin/python3";
const skip = existsSync("/usr/lib/python3/dist-packages/sushy")
  ? false
  : "sushy is not installed (Debian has it as python3-sushy)";

/** Runs Python with sushy's `root`, and `system` of n1, by this way of authentication. */
async function sushy(bmcs: TestBmcs, auth: "SessionAuth" | "BasicAuth", code: string): Promise<string> {
  const program = `
import sys, json, warnings
warnings.filterwarnings("ignore")
import sushy
from sushy import auth
url, user, password = sys.argv[1:4]
root = sushy.Sushy(url, auth=auth.${auth}(username=user, password=password), verify=False)
system = root.get_system("/redfish/v1/Systems/n1")
${code}
`;
  return await new Promise((resolve, reject) =>
    execFile(
      PYTHON,
      ["-c", program, bmcs.url, USER.username, USER.password],
      { timeout: 120_000, env: { PATH: "/usr/bin:/bin" } }, // authorities of the environment would outrank verify=False
      (error, stdout, stderr) => error === null ? resolve(stdout.trim()) : reject(new Error(`${stdout}${stderr}`)),
    )
  );
}

async function withBmcs(run: (bmcs: TestBmcs) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const bmcs = await startBmcs(["n1", "n2"], { user: USER, sensors: "old" }, makeCertificate(folder, "bmc"));
    try {
      await run(bmcs);
    } finally {
      await bmcs.close();
    }
  });
}

test("sushy finds the simulator's systems, managers, interfaces, chassis and event service", { skip }, async () => {
  await withBmcs(async (bmcs) => {
    const found: unknown = JSON.parse(
      await sushy(
        bmcs,
        "SessionAuth",
        `
manager = root.get_manager_collection().get_members()[0]
chassis = system.chassis[0]
print(json.dumps({
    "systems": [each.identity for each in root.get_system_collection().get_members()],
    "power": system.power_state.value,
    "macs": len(system.ethernet_interfaces.summary),
    "manager": [manager.identity, manager.firmware_version, manager.systems[0].identity],
    "managedBy": system.managers[0].identity,
    "chassis": [chassis.identity, chassis.thermal.temperatures[1].reading_celsius, chassis.power.power_supplies],
    "resets": sorted(each.value for each in system.get_allowed_reset_system_values()),
    "boot": sorted(each.value for each in system.get_allowed_system_boot_source_values()),
}))`,
      ),
    );
    assert.deepEqual(found, {
      systems: ["n1", "n2"],
      power: "Off",
      macs: 1,
      manager: ["n1", "1.0.0", "n1"],
      managedBy: "n1",
      chassis: ["n1", 22, []],
      resets: [
        ...["ForceOff", "ForceOn", "ForceRestart", "GracefulRestart", "GracefulShutdown", "Nmi", "On", "PowerCycle"],
        "PushPowerButton",
      ],
      boot: ["BiosSetup", "Cd", "Hdd", "None", "Pxe", "UefiHttp", "Usb"],
    });
  });
});

test("sushy powers the simulator's machine with every kind of reset", { skip }, async () => {
  await withBmcs(async (bmcs) => {
    const machine = bmcs.machines.get("n1");
    const kinds: [reset: string, done: string[]][] = [
      ["RESET_ON", ["start"]],
      ["RESET_NMI", ["interrupt"]],
      ["RESET_GRACEFUL_RESTART", ["shutdown", "start"]],
      ["RESET_FORCE_RESTART", ["restart"]],
      ["RESET_GRACEFUL_SHUTDOWN", ["shutdown"]],
      ["RESET_FORCE_ON", ["start"]],
      ["RESET_FORCE_OFF", ["stop"]],
    ];
    for (const [reset, done] of kinds) {
      const before = machine?.done.length ?? 0;
      await sushy(bmcs, "BasicAuth", `system.reset_system(sushy.${reset})`);
      await until(() => assert.deepEqual(machine?.done.slice(before), done, reset));
      // What comes next must find it settled.
      await until(() => assert.ok(["On", "Off"].includes(bmcs.controllers[0]?.power ?? "")));
    }
  });
});

test("sushy sets the simulator's boot device, once and for good, in both modes", { skip }, async () => {
  await withBmcs(async (bmcs) => {
    const said = await sushy(
      bmcs,
      "SessionAuth",
      `
for enabled, mode in ((sushy.BOOT_SOURCE_ENABLED_ONCE, sushy.BOOT_SOURCE_MODE_UEFI),
                      (sushy.BOOT_SOURCE_ENABLED_CONTINUOUS, sushy.BOOT_SOURCE_MODE_BIOS)):
    system.set_system_boot_options(sushy.BOOT_SOURCE_TARGET_PXE, enabled=enabled, mode=mode)
    system.refresh(force=True)
    print(system.boot.target.value, system.boot.enabled.value, system.boot.mode.value)
system.set_system_boot_options(enabled=sushy.BOOT_SOURCE_ENABLED_DISABLED)
system.refresh(force=True)
print(system.boot.enabled.value)`,
    );
    assert.deepEqual(said.split("\n"), ["Pxe Once UEFI", "Pxe Continuous Legacy", "Disabled"]);
  });
});

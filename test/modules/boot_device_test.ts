import assert from "node:assert/strict";
import { test } from "node:test";
import { bootdevCommand } from "../../modules/ipmi/boot_device.ts";
import { bootDeviceOf } from "../../modules/power/mod.ts";
import { bootOverride } from "../../modules/redfish/boot_override.ts";
import { testNode } from "./module_fixture.ts";

test("a device until it is changed comes from cfg, and one for once goes before it", () => {
  const node = testNode("n1", { "/bmc/bootDevice": "disk", "/bmc/bootMode": "uefi" });
  assert.deepEqual(bootDeviceOf(node), { target: "disk", once: false, mode: "uefi" });
  node.view.set("/bmc/bootNext", "PXE");
  assert.deepEqual(bootDeviceOf(node), { target: "pxe", once: true, mode: "uefi" });
  node.view.set("/bmc/bootNext", "NONE");
  assert.deepEqual(bootDeviceOf(node), { target: "disk", once: false, mode: "uefi" });
  assert.equal(bootDeviceOf(testNode("n1", {})), undefined);
  assert.equal(bootDeviceOf(testNode("n1", { "/bmc/bootDevice": "default" })), undefined);
  assert.deepEqual(bootDeviceOf(testNode("n1", { "/bmc/bootDevice": "none" })), {
    target: "none",
    once: false,
    mode: undefined,
  });
});

test("Redfish is told target, mode, and whether it is for once", () => {
  assert.deepEqual(bootOverride({ target: "pxe", once: true, mode: "uefi" }), {
    BootSourceOverrideEnabled: "Once",
    BootSourceOverrideTarget: "Pxe",
    BootSourceOverrideMode: "UEFI",
  });
  assert.deepEqual(bootOverride({ target: "setup", once: false, mode: "legacy" }), {
    BootSourceOverrideEnabled: "Continuous",
    BootSourceOverrideTarget: "BiosSetup",
    BootSourceOverrideMode: "Legacy",
  });
  assert.deepEqual(bootOverride({ target: "none", once: false, mode: "uefi" }), {
    BootSourceOverrideEnabled: "Disabled",
  });
});

test("ipmitool is told the device with its options, and refuses what IPMI has not", () => {
  const words = (...device: Parameters<typeof bootdevCommand>) => bootdevCommand(...device).join(" ");
  assert.equal(words({ target: "pxe", once: true, mode: undefined }), "chassis bootdev pxe");
  assert.equal(words({ target: "cd", once: true, mode: "uefi" }), "chassis bootdev cdrom options=efiboot");
  assert.equal(words({ target: "disk", once: false, mode: "uefi" }), "chassis bootdev disk options=persistent,efiboot");
  assert.equal(words({ target: "none", once: false, mode: undefined }), "chassis bootdev none");
  assert.throws(
    () => bootdevCommand({ target: "http", once: true, mode: undefined }),
    /Cannot boot from 'http' over IPMI/,
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { bootdevCommand } from "../../modules/ipmi/chassis.ts";
import { bootDeviceOf } from "../../modules/power/mod.ts";
import { bootOverride } from "../../modules/redfish/boot_override.ts";
import type { Exchange } from "../../modules/redfish/mod.ts";
import { createSimpowerModule } from "../../modules/simpower/module.ts";
import { hostForTest, testNode } from "./module_fixture.ts";

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

test("a simulated machine that has a device to boot from is told where its aggregator is all the same", async () => {
  const uri = "mqtt://127.0.0.1:1883/11111111-1111-4111-8111-111111111111";
  for (const [cfg, target] of [[{}, "UefiHttp"], [{ "/bmc/bootDevice": "disk" }, "Hdd"]] as const) {
    const boots: unknown[] = [];
    let power = "Off";
    const exchange: Exchange = async (_url, { method, body }) => {
      if (method === "PATCH") boots.push(JSON.parse(body ?? "").Boot);
      if (method === "POST") power = "On";
      return Response.json({ PowerState: power });
    };
    const node = testNode("n1", {
      "/platform": "sim",
      "/bmc/address": "http://bmc.test/redfish/v1/Systems/n1",
      ...cfg,
    });
    node.view.set("/platform", "sim");
    const module = createSimpowerModule({ exchange, bootUri: () => uri });
    const hosted = await hostForTest(module, [node], { role: "parent", own: testNode("root") });
    await hosted.run("power-on");
    await hosted.host.stop();
    assert.deepEqual(boots, [
      { BootSourceOverrideEnabled: "Continuous", BootSourceOverrideTarget: target, HttpBootUri: uri },
    ]);
  }
});

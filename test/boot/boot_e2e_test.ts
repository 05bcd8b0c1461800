import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bootCfg, untilView, withBootLab } from "./boot_lab.ts";

test("a machine boots from power to SYNC: script, kernel, initramfs, token, identity, link", () =>
  withBootLab({ names: ["n1", "n2"] }, async (lab) => {
    const nodes = lab.machines.map((machine) => ({ name: machine.name, cfg: bootCfg(machine) }));
    const applied = await lab.request("POST", "/api/v1/apply", { nodes });
    assert.equal(applied.status, 200, JSON.stringify(applied.body));
    for (const { name } of lab.machines) await untilView(lab, name, { "/runState": "SYNC", "/pxe/state": "INIT" });
    const [n1] = lab.machines;
    assert.ok(n1);
    assert.ok(n1.cmdline?.includes("kraken.node=n1"));
    assert.equal(statSync(join(n1.runDir, "identity.json")).mode & 0o777, 0o600);
  }));

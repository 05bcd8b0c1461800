import assert from "node:assert/strict";
import { test } from "node:test";
import { createRpiModule } from "../../modules/rpi/module.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { hostForTest, testNode } from "./module_fixture.ts";
import { PI_OFFER } from "../../modules/rpi/dhcp.ts";
import { piFile, type PiHost, renderCommandLine, renderConfig } from "../../modules/rpi/files.ts";

const PI: PiHost = { serial: "9ffefdef", address: "10.77.0.21", kernel: "arm64/vmlinuz", initrd: "arm64/initrd.img" };
const MINE = { address: "10.77.0.21" };
const lookup = (serial: string) => serial === PI.serial ? PI : undefined;

test("option 43 is byte for byte the menu that the boot ROM looks for", () => {
  const known = "0601030a0400505845091400001152617370626572727920506920426f6f74ff";
  assert.equal([...PI_OFFER.vendorOptions].map((byte) => byte.toString(16).padStart(2, "0")).join(""), known);
});

test("what a Raspberry Pi asks for is its own, or the common firmware's", () => {
  const cases: [string, unknown][] = [
    ["bootcode.bin", { kind: "firmware", paths: ["rpi/bootcode.bin"] }],
    ["9ffefdef/start4.elf", { kind: "firmware", paths: ["rpi/9ffefdef/start4.elf", "rpi/start4.elf"] }],
    ["9ffefdef/overlays/x.dtbo", { kind: "firmware", paths: ["rpi/9ffefdef/overlays/x.dtbo", "rpi/overlays/x.dtbo"] }],
    ["9ffefdef/config.txt", { kind: "config" }],
    ["9ffefdef/cmdline.txt", { kind: "cmdline" }],
    ["9ffefdef/kernel8.img", { kind: "kernel", path: "arm64/vmlinuz" }],
    ["9ffefdef/initramfs.img", { kind: "initrd", path: "arm64/initrd.img" }],
    ["images/x.sqfs", undefined],
    ["9FFEFDEF/config.txt", undefined],
    ["00000000/config.txt", { kind: "refused", reason: "No node has /rpi/serial 00000000" }],
  ];
  for (const [path, expected] of cases) assert.deepEqual(piFile(path, MINE, lookup), expected, path);
});

test("one machine does not get the command line of another, with the token in it", () => {
  const other = piFile("9ffefdef/cmdline.txt", { address: "10.77.0.22" }, lookup);
  assert.deepEqual(other, { kind: "refused", reason: "It is for 10.77.0.21" });
  const { address: _, ...leased } = PI; // the site's own server gives the address
  assert.deepEqual(piFile("9ffefdef/cmdline.txt", MINE, () => leased), { kind: "cmdline" });
});

test("config.txt names the files that are served, and cmdline.txt is one line", () => {
  const config = renderConfig();
  const named = [...config.matchAll(/^(?:kernel=|initramfs )(\S+)/gm)].map(([, name]) => name ?? "");
  assert.deepEqual(named.map((name) => piFile(`9ffefdef/${name}`, MINE, lookup)?.kind), ["kernel", "initrd"]);
  assert.equal(
    renderCommandLine(["console=serial0,115200", "kraken.node=n1"]),
    "console=serial0,115200 kraken.node=n1\n",
  );
  assert.throws(() => renderCommandLine(["a", "b c"]), /argument 2/);
  assert.throws(() => renderCommandLine(["a\nb"]), /argument 1/);
});

/** A Raspberry Pi's node, in a host. */
async function hosted() {
  const node = testNode("pi", {
    "/parent": "root",
    "/boot/method": "rpi",
    "/rpi/serial": "9ffefdef",
    "/ipv4/mac": "dc:a6:32:00:00:01",
    "/ipv4/address": "10.77.0.21",
  });
  node.view.set("/physState", "POWER_ON");
  const ended: string[] = [];
  const { module, registry } = createRpiModule({
    parent: "root",
    onEnd: (id) => ended.push(id),
    fault: () => Promise.resolve(undefined),
  });
  const lab = await hostForTest(module, [node], { role: "parent", clock: createVirtualClock() });
  return { ...lab, node, registry, ended };
}

test("a Raspberry Pi goes from power to kernel as DHCP and TFTP see it", async () => {
  const { run, registry, node, history, set, ended, host } = await hosted();
  await run("listen");
  registry.saw(node.id, { kind: "progress", percent: 50 }); // of an earlier boot: it is not loading
  registry.saw(node.id, { kind: "address" });
  registry.saw(node.id, { kind: "script" });
  for (const percent of [3, 12, 12, 99]) registry.saw(node.id, { kind: "progress", percent });
  registry.saw(node.id, { kind: "loaded" });
  assert.deepEqual(history.filter((line) => line.startsWith("pi/rpi/")), [
    ...["pi/rpi/state=WAIT", "pi/rpi/state=DHCP", "pi/rpi/state=LOADING", "pi/rpi/progress=0"],
    ...["pi/rpi/progress=10", "pi/rpi/progress=95", "pi/rpi/state=INIT"],
  ]);
  registry.saw(node.id, { kind: "script" });
  registry.saw(node.id, { kind: "enrolled" });
  assert.equal(node.view.get("/rpi/state"), "INIT", "of a load that nobody saw the end of");
  node.view.set("/link", "UP");
  registry.saw(node.id, { kind: "address" });
  assert.equal(node.view.get("/rpi/state"), "INIT", "what runs an agent does not boot");
  node.view.delete("/link");
  node.view.set("/physState", "POWER_OFF");
  set("/rack", "r1"); // tells the module that the node has changed
  assert.deepEqual(ended, [node.id], "its token is void");
  await host.stop();
});

test("a node is known by its serial number as long as its cfg says so, and reports an error without one", async () => {
  const { registry, set, run, host } = await hosted();
  assert.equal(registry.host("9ffefdef")?.name, "pi");
  set("/rpi/serial", "9FFEFDEF");
  assert.equal(registry.host("9ffefdef"), undefined);
  await assert.rejects(run("listen"), /set its \/ipv4\/mac, and its \/rpi\/serial/);
  set("/rpi/serial", "9ffefdef");
  set("/boot/method", "pxe");
  assert.equal(registry.host("9ffefdef"), undefined);
  await host.stop();
});

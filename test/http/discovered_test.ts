import assert from "node:assert/strict";
import { test } from "node:test";
import { createUnknownMachines, MAX_UNKNOWN_MACHINES } from "../../aggregator/nodes/unknown_machines.ts";
import { createLog } from "../../src/log.ts";
import { createVirtualBoot } from "../boot/virtual_boot.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { assertProblem, createCheckedApp, createTestApp, send } from "./support.ts";

const MAC = "52:54:00:77:00:07";

async function makeWorld(subnet?: string) {
  const { control, clock, unknownMachines, apply } = await createVirtualBoot();
  assert.ok(apply({ n1: {}, n2: {} }).ok);
  const app = createCheckedApp(control, {
    ...{ metrics: () => [], version: "1", log: createLog(() => {}), clock },
    boot: { unknownMachines, address: "10.77.0.1", subnet },
  });
  const adopt = (body: unknown, query = "", mac = MAC) =>
    app.request(`/api/v1/discovered/${mac}/adopt${query}`, send("POST", body));
  const cfgOf = (name: string) => Object.fromEntries(control.find(name)?.cfg ?? []);
  return { clock, unknownMachines, app, adopt, cfgOf, control };
}

test("machines that nobody knows are listed with what they say and when they asked, the newest first", async () => {
  const { unknownMachines, app, clock } = await makeWorld();
  unknownMachines.saw({ mac: MAC, asked: "dhcp discover", arch: "bios", vendorClass: "PXEClient\x1b[2J" });
  await clock.advance(1_000);
  unknownMachines.saw({ mac: "52:54:00:77:00:08", asked: "script" });
  unknownMachines.saw({ mac: MAC, asked: "script", uuid: "u" });
  const listed = await (await app.request("/api/v1/discovered")).json();
  assert.equal(listed.boots, true);
  assert.deepEqual(
    listed.machines.map(({ mac, count, asked }: { mac: string; count: number; asked: string }) => [mac, count, asked]),
    [
      [MAC, 2, "script"],
      ["52:54:00:77:00:08", 1, "script"],
    ],
  );
  const [{ vendorClass, arch, uuid, first, last }] = listed.machines;
  assert.deepEqual([vendorClass, arch, uuid], ["PXEClient?[2J", "bios", "u"]);
  assert.equal(Date.parse(last) - Date.parse(first), 1_000);
});

test("the newest machines are kept, however many are made up", () => {
  const unknownMachines = createUnknownMachines(createVirtualClock(), (mac) => mac === "m2");
  for (let index = 0; index < MAX_UNKNOWN_MACHINES + 3; index++) {
    unknownMachines.saw({ mac: `m${index}`, asked: "script" });
  }
  assert.equal(unknownMachines.list().length, MAX_UNKNOWN_MACHINES);
  assert.equal(unknownMachines.find("m2"), undefined);
  assert.equal(unknownMachines.list()[0]?.mac, `m${MAX_UNKNOWN_MACHINES + 2}`);
});

test("a machine becomes a new node with a free address, its architecture and the boot method pxe", async () => {
  const { unknownMachines, adopt, cfgOf } = await makeWorld("10.77.0.0/29");
  unknownMachines.saw({ mac: MAC, asked: "dhcp discover", arch: "uefi-x86_64" });
  const answer = await adopt({ name: "n7", platform: "sim", ipv4: { gateway: "10.77.0.2" } });
  assert.equal(answer.status, 201, await answer.clone().text());
  const { "/assignment": _assignment, ...cfg } = cfgOf("n7");
  assert.deepEqual(cfg, {
    "/name": "n7",
    "/platform": "sim",
    "/parent": "root",
    "/arch": "x86_64",
    "/boot/method": "pxe",
    "/ipv4/mac": MAC,
    "/ipv4/address": "10.77.0.3",
    "/ipv4/prefix": 29,
    "/ipv4/gateway": "10.77.0.2",
  });
  for (const last of ["08", "09", "0a"]) {
    assert.equal((await adopt({ name: `x${last}` }, "", `52:54:00:77:00:${last}`)).status, 201);
  }
  await assertProblem(await adopt({ name: "x" }, "", "52:54:00:77:00:0b"), 409, /no free address in 10\.77\.0\.0\/29/);
});

test("a discovered Raspberry Pi becomes a node that boots as one, with its serial number where it says that", async () => {
  const pi = { arch: "bios", asked: "dhcp discover", vendorClass: "PXEClient:Arch:00000:UNDI:002001" };
  const { unknownMachines, adopt, cfgOf } = await makeWorld();
  unknownMachines.saw({ mac: "dc:a6:32:36:c2:0a", ...pi, uuid: "34695052-3114-00c0-0ac2-3632efcdab9f" });
  unknownMachines.saw({ mac: "dc:a6:32:36:c2:0b", ...pi, uuid: "44444444-4444-4444-4444-444444444444" });
  unknownMachines.saw({ mac: "dc:a6:32:36:c2:0c", asked: "script", arch: "arm64" });
  const cases = [["0a", "rpi", "9fabcdef"], ["0b", "rpi", undefined], ["0c", "pxe", undefined]] as const;
  for (const [end, method, serial] of cases) {
    const answer = await adopt({ name: `pi${end}` }, "", `dc:a6:32:36:c2:${end}`);
    assert.equal(answer.status, 201, await answer.clone().text());
    const { "/boot/method": booted, "/rpi/serial": has, "/arch": arch } = cfgOf(`pi${end}`);
    assert.deepEqual([booted, has, arch], [method, serial, "aarch64"], end);
  }
  unknownMachines.saw({ mac: "dc:a6:32:36:c2:0d", ...pi, uuid: "34695052-3114-00c0-0dc2-3632efcdab9e" });
  assert.equal((await adopt({ name: "x", boot: { method: "pxe" } }, "", "dc:a6:32:36:c2:0d")).status, 201);
  assert.deepEqual([cfgOf("x")["/boot/method"], cfgOf("x")["/rpi/serial"]], ["pxe", undefined], "as it was asked for");
});

test("a machine becomes that of a node that has none, and stays it when an inventory without it is applied", async () => {
  const { adopt, cfgOf, control } = await makeWorld();
  assert.equal((await adopt({ name: "n1" })).status, 200);
  assert.equal(cfgOf("n1")["/ipv4/mac"], MAC);
  assert.equal(cfgOf("n1")["/ipv4/address"], undefined);
  assert.ok(control.apply([{ name: "n1", cfg: new Map([["/platform", "sim"]]) }], {}).ok);
  assert.equal(cfgOf("n1")["/ipv4/mac"], MAC);
  assert.equal((await adopt({ name: "n1" })).status, 200); // once more changes nothing
  await assertProblem(await adopt({ name: "n1" }, "", "52:54:00:77:00:08"), 409, /'n1' has the machine 52:54/);
  await assertProblem(
    await adopt({ name: "n2" }),
    409,
    /n2: \/ipv4\/mac is "52:54:00:77:00:07": expected .* that 'n1' has not/,
  );
});

test("what is no adoption is refused with what is wrong", async () => {
  const { adopt } = await makeWorld();
  await assertProblem(await adopt({ name: "n7" }, "", "nonsense"), 400, /'nonsense' is no MAC address/);
  await assertProblem(await adopt({}), 422, /name is missing/);
  await assertProblem(await adopt({ name: "-x" }), 422, /name is "-x"/);
  await assertProblem(await adopt({ name: "n7", ipv4: { mac: "52:54:00:77:00:08" } }), 422, /as the path has it/);
  await assertProblem(await adopt({ name: "n7", ipv4: { address: "10.77.0.300" } }), 422, /an IPv4 address/);
  await assertProblem(await adopt({ name: "n7" }, "?subnet=10.0.0.0"), 400, /expected a network/);
  await assertProblem(await adopt({ name: "n7" }, "?parent=nobody"), 422, /\/parent is "nobody"/);
});

test("an aggregator below the root sends who adopts to the root, with what it knows of the machine", async () => {
  const { app, control } = await createTestApp();
  control.send({ what: "the root", api: "http://127.0.0.1:3141" });
  const answer = await app.request(
    `/api/v1/discovered/${MAC}/adopt?subnet=10.0.0.0%2F24`,
    send("POST", { name: "n7" }),
  );
  assert.equal(
    answer.headers.get("location"),
    `http://127.0.0.1:3141/api/v1/discovered/${MAC}/adopt?subnet=10.0.0.0%2F24&parent=root`,
  );
  assert.equal(answer.status, 307);
});

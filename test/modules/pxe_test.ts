import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { type BootPhase, type BootSight, phaseAfter } from "../../src/boot/mod.ts";
import type { PxeRegistry } from "../../modules/pxe/registry.ts";
import { createPxeModule } from "../../modules/pxe/module.ts";
import { createVirtualBoot } from "../boot/virtual_boot.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { hostForTest, testNode } from "./module_fixture.ts";

const MAC = "52:54:00:77:00:01";
const N1 = {
  "/ipv4/mac": MAC,
  "/boot/method": "pxe",
  "/physState": "POWER_ON",
  "/runState": "SYNC",
};
const RUN = "5f9a1d9e-0000-4000-8000-000000000002";

/** What a machine does on the network after power-on, each a second after the one before. */
const WHOLE: readonly BootSight[] = [
  { kind: "address" },
  { kind: "script" },
  { kind: "progress", percent: 41 },
  { kind: "loaded" },
];

/** A world in which machines get so far with each boot. */
function makeWorld(
  sights: () => readonly BootSight[] = () => WHOLE,
  fault: () => string | undefined = () => undefined,
) {
  const world = createVirtualBoot({
    fault,
    onPower: (id, registry: PxeRegistry) =>
      void world.then(({ clock }) => {
        for (const [index, sight] of sights().entries()) {
          clock.after(1_000 * (index + 1), () => registry.saw(id, sight));
        }
      }),
  });
  return world;
}

test("a machine goes from power to kernel as its boot servers see it, with the progress of its transfer", async () => {
  const { clock, apply, seen, aggregator, idOf, control } = await makeWorld();
  apply({ n1: N1 });
  const plan = control.explain(idOf("n1"))?.plan;
  assert.deepEqual(plan?.ok && plan.steps.map(({ key }) => key), [
    ...["plug/find-on", "pxe/listen", "pxe/address", "pxe/script", "pxe/load", "pxe/boot", "join/level"],
  ]);
  const phases: unknown[] = [];
  await clock.advance(500);
  for (let second = 0; second < 6; second++) {
    phases.push([seen("n1", "/pxe/state"), seen("n1", "/pxe/progress")]);
    await clock.advance(1_000);
  }
  assert.deepEqual(phases.slice(0, 5), [
    ["WAIT", undefined],
    ["DHCP", undefined],
    ["LOADING", 0],
    ["LOADING", 40],
    ["INIT", undefined],
  ]);
  assert.equal(seen("n1", "/runState"), undefined);
  aggregator.life(idOf("n1"), { type: "alive", from: RUN });
  await aggregator.stop();
});

test("a machine that gets no further is taken to hang and power-cycled, and held with the step in which it hangs", async () => {
  for (
    const [sights, step] of [
      [[], "pxe/address"],
      [WHOLE.slice(0, 1), "pxe/script"],
      [WHOLE.slice(0, 3), "pxe/load"],
      [WHOLE, "pxe/boot"],
    ] as const
  ) {
    const { clock, apply, seen, aggregator, orders, control } = await makeWorld(() => sights);
    apply({ n1: N1 });
    await clock.runUntil(() => orders.filter((order) => order === "n1 off").length >= 1, 1_200_000);
    assert.equal(seen("n1", "/pxe/state"), undefined, "what a machine did before it lost its power");
    await clock.runUntil(() => control.find("n1")?.phase === "stuck", 12 * 3_600_000);
    assert.match(control.find("n1")?.reason ?? "", new RegExp(step));
    assert.ok(orders.filter((order) => order === "n1 on").length >= 2);
    await aggregator.stop();
  }
});

test("a machine whose kernel is not there is held with that as the reason, left on, and goes on once it is there", async () => {
  let fault: string | undefined = "there is no file debian-13/vmlinuz below the boot files, which is its /boot/kernel";
  const { clock, apply, seen, aggregator, orders, control, registry, idOf } = await makeWorld(
    () => WHOLE.slice(0, 1), // its script says that it has to wait
    () => fault,
  );
  apply({ n1: N1 });
  await clock.runUntil(() => control.find("n1")?.phase === "stuck", 60_000);
  assert.match(
    control.find("n1")?.reason ?? "",
    /Cannot boot 'n1' as there is no file debian-13\/vmlinuz .* \/boot\/kernel/,
  );
  for (let hour = 0; hour < 12; hour++) {
    await clock.advance(3_600_000);
    registry.saw(idOf("n1"), { kind: "address" });
  }
  assert.deepEqual(orders, ["n1 on"]);
  assert.equal(control.find("n1")?.phase, "stuck");
  fault = undefined;
  for (const sight of WHOLE.slice(1)) registry.saw(idOf("n1"), sight);
  await clock.advance(1_000);
  assert.equal(seen("n1", "/pxe/state"), "INIT");
  assert.notEqual(control.find("n1")?.phase, "stuck");
  aggregator.life(idOf("n1"), { type: "alive", from: RUN });
  await aggregator.stop();
});

/** What a machine does when it is served nothing: it asks for its address over and over. */
async function askOn(world: Awaited<ReturnType<typeof makeWorld>>, hours: number): Promise<void> {
  for (let minute = 0; minute < hours * 60; minute++) {
    world.recheck(world.idOf("n1"));
    world.registry.saw(world.idOf("n1"), { kind: "address" });
    await world.clock.advance(60_000);
  }
}

test("a machine that the network has nothing for is held at once with that as the reason, wherever it is, and never power-cycled", async () => {
  for (const [before, step] of [[0, "pxe/address"], [1, "pxe/script"], [2, "pxe/load"]] as const) {
    let fault: string | undefined;
    const world = await makeWorld(() => WHOLE.slice(0, before), () => fault);
    const { clock, apply, aggregator, orders, control, registry, idOf, seen, recheck } = world;
    apply({ n1: N1 });
    await clock.advance(10_000);
    assert.equal(control.find("n1")?.phase, "working");
    fault = "its firmware is of kind 12, for which there is no loader: set its /boot/loader";
    recheck(idOf("n1"));
    await clock.advance(1_000);
    assert.equal(control.find("n1")?.phase, "stuck", step);
    assert.match(
      control.find("n1")?.reason ?? "",
      new RegExp(`${step} .*Cannot boot 'n1' as its firmware is of kind 12`),
    );
    await askOn(world, 2);
    assert.deepEqual(orders, ["n1 on"]);
    assert.equal(seen("n1", "/physState"), "POWER_ON");
    assert.equal(control.find("n1")?.phase, "stuck");
    // A change of something else is no help either: it is held again at once.
    apply({ n1: { ...N1, "/boot/arguments": "quiet" } });
    await clock.advance(1_000);
    assert.equal(control.find("n1")?.phase, "stuck");
    await askOn(world, 1);
    assert.deepEqual(orders, ["n1 on"]);
    fault = undefined;
    for (const sight of WHOLE) registry.saw(idOf("n1"), sight);
    await clock.advance(1_000);
    assert.equal(seen("n1", "/pxe/state"), "INIT");
    assert.notEqual(control.find("n1")?.phase, "stuck");
    aggregator.life(idOf("n1"), { type: "alive", from: RUN });
    await aggregator.stop();
  }
});

test("a machine that declines its address is held with that as the reason, until it takes one, or for five minutes after a retry", async () => {
  const world = await makeWorld(() => WHOLE.slice(0, 1));
  const { clock, apply, aggregator, orders, control, registry, idOf, seen } = world;
  apply({ n1: { ...N1, "/ipv4/address": "10.77.0.11" } });
  await clock.advance(10_000);
  registry.saw(idOf("n1"), { kind: "declined", address: "10.77.0.99" });
  await clock.advance(1_000);
  assert.equal(control.find("n1")?.phase, "working", "that is not its address");
  registry.saw(idOf("n1"), { kind: "declined", address: "10.77.0.11" });
  await clock.advance(1_000);
  assert.equal(control.find("n1")?.phase, "stuck");
  assert.match(control.find("n1")?.reason ?? "", /another machine has its address 10\.77\.0\.11: it found that one/);
  for (let n = 0; n < 300; n++) { // dhclient waits ten seconds, and asks again
    registry.saw(idOf("n1"), { kind: "address" });
    await clock.advance(2_000);
    registry.saw(idOf("n1"), { kind: "declined", address: "10.77.0.11" });
    await clock.advance(10_000);
  }
  assert.deepEqual(orders, ["n1 on"]);
  assert.equal(control.find("n1")?.phase, "stuck");
  // The other machine is gone.
  for (const sight of WHOLE) registry.saw(idOf("n1"), sight);
  await clock.advance(1_000);
  assert.equal(seen("n1", "/pxe/state"), "INIT");
  aggregator.life(idOf("n1"), { type: "alive", from: RUN });
  await aggregator.stop();
});

test("what was declined holds a machine for five minutes, and with another address not at all", async () => {
  const { clock, apply, aggregator, control, registry, idOf } = await makeWorld(() => WHOLE.slice(0, 1));
  const cfg = { ...N1, "/ipv4/address": "10.77.0.11" };
  apply({ n1: cfg });
  await clock.advance(10_000);
  const decline = () => registry.saw(idOf("n1"), { kind: "declined", address: "10.77.0.11" });
  const phaseAfterEdit = async (edit: Record<string, string>) => {
    apply({ n1: { ...cfg, ...edit } });
    await clock.advance(1_000);
    return control.find("n1")?.phase;
  };
  decline();
  await clock.advance(240_000);
  assert.equal(await phaseAfterEdit({ "/boot/arguments": "a" }), "stuck");
  await clock.advance(60_000);
  assert.equal(await phaseAfterEdit({ "/boot/arguments": "b" }), "working");
  decline();
  await clock.advance(1_000);
  assert.equal(control.find("n1")?.phase, "stuck");
  assert.equal(await phaseAfterEdit({ "/ipv4/address": "10.77.0.12" }), "working");
  await aggregator.stop();
});

test("firmware that takes 14 minutes is waited for, late after 5, and not power-cycled", async () => {
  const { clock, apply, seen, aggregator, registry, idOf, orders, control } = await makeWorld(() => []);
  apply({ n1: N1 });
  await clock.runUntil(() => seen("n1", "/pxe/state") === "WAIT", 60_000);
  await clock.advance(290_000);
  assert.equal(control.find("n1")?.late, undefined);
  await clock.advance(20_000);
  assert.match(control.find("n1")?.late?.why ?? "", /pxe/);
  await clock.advance(530_000);
  registry.saw(idOf("n1"), { kind: "address" });
  await clock.advance(1_000);
  assert.equal(seen("n1", "/pxe/state"), "DHCP");
  assert.deepEqual(orders, ["n1 on"]);
  await aggregator.stop();
});

test("what runs an agent is not taken to boot, whoever says so; without its agent it is, and its old /runState is forgotten", async () => {
  const { clock, apply, seen, aggregator, registry, idOf, on } = await makeWorld();
  on.add(idOf("n1"));
  apply({ n1: N1 });
  const id = idOf("n1");
  await clock.advance(10_000);
  registry.saw(id, { kind: "address" });
  assert.equal(seen("n1", "/pxe/state"), "DHCP");
  registry.saw(id, { kind: "enrolled" });
  assert.equal(seen("n1", "/pxe/state"), "INIT");
  await clock.advance(1_000);
  assert.equal(registry.isUp(id), false);
  await aggregator.stop();
});

test("a machine runs from when its agent has joined until it asks for an address to boot with, or is given up", async () => {
  const node = testNode("n1", { "/parent": "root", "/boot/method": "pxe", "/ipv4/mac": MAC });
  const { module, registry } = createPxeModule({ parent: "root", onEnd() {}, fault: () => Promise.resolve(undefined) });
  const lab = await hostForTest(module, [node], { role: "parent", clock: createVirtualClock() });
  const see = (values: Record<string, string>) => {
    for (const [url, value] of Object.entries(values)) node.view.set(url, value);
    lab.host.changed(node.id);
    return registry.isRunning(node.id);
  };
  assert.equal(see({ "/physState": "POWER_ON" }), false);
  assert.equal(see({ "/runState": "INIT" }), true);
  assert.equal(see({ "/runState": "SYNC", "/link": "UP" }), true);
  assert.equal(see({ "/link": "DOWN" }), true, "it may be back in a moment");
  assert.equal(see({ "/link": "UP" }), true);
  registry.saw(node.id, { kind: "address" });
  assert.equal(see({ "/link": "DOWN" }), false, "it had asked before its agent was missed");
  assert.equal(see({ "/link": "UP" }), true, "it was heard again: somebody else had asked");
  registry.saw(node.id, { kind: "address" });
  registry.saw(node.id, { kind: "alive" });
  assert.equal(see({ "/link": "DOWN" }), true, "it had said that it lives, and is missed for another reason");
  assert.equal(see({ "/link": "DOWN", "/runState": "ERROR" }), false);
  await lab.host.stop();
});

test("what a machine's agent said of its memory stays known, and is what the machine boots with", async () => {
  const node = testNode("n1", { "/parent": "root", "/boot/method": "pxe", "/ipv4/mac": MAC });
  const { module, registry } = createPxeModule({ parent: "root", onEnd() {}, fault: () => Promise.resolve(undefined) });
  const lab = await hostForTest(module, [node], { role: "parent", clock: createVirtualClock() });
  assert.equal(registry.host(MAC)?.memory, undefined);
  const says = (memory: number | undefined) => {
    if (memory === undefined) node.view.delete("/host/memory");
    else node.view.set("/host/memory", memory);
    for (let n = 0; n < 2; n++) lab.host.changed(node.id); // once more for what the module itself has told
    return registry.host(MAC)?.memory;
  };
  assert.deepEqual(says(1_024), { mib: 1_024, from: "/boot/seenMemory" });
  assert.deepEqual(says(undefined), { mib: 1_024, from: "/boot/seenMemory" }, "it is off");
  assert.deepEqual(says(0), { mib: 1_024, from: "/boot/seenMemory" }, "that is none");
  assert.deepEqual(says(2_048), { mib: 2_048, from: "/boot/seenMemory" });
  assert.deepEqual(lab.history.filter((line) => line.includes("Memory")), [
    "n1/boot/seenMemory=1024",
    "n1/boot/seenMemory=2048",
  ]);
  await lab.host.stop();
});

test("what a machine was given ends with its power also where it boots in another way by now", async () => {
  const node = testNode("n1", { "/parent": "root", "/boot/method": "other", "/ipv4/mac": MAC });
  node.view.set("/physState", "POWER_ON");
  const ended: string[] = [];
  const { module } = createPxeModule({
    parent: "root",
    onEnd: (id) => ended.push(id),
    fault: () => Promise.resolve(undefined),
  });
  const lab = await hostForTest(module, [node], { role: "parent", clock: createVirtualClock() });
  node.view.set("/physState", "POWER_OFF");
  lab.host.changed(node.id);
  assert.deepEqual(ended, [node.id]);
  assert.deepEqual(lab.history.filter((line) => !line.includes("/services/")), [], "nothing is said of it");
  await lab.host.stop();
});

test("of a machine that boots in another way nothing is said", async () => {
  const { clock, apply, seen, aggregator, registry, idOf, on } = await makeWorld(() => []);
  on.add(idOf("n1"));
  apply({ n1: { ...N1, "/boot/method": "rpi" } });
  await clock.advance(10_000);
  registry.saw(idOf("n1"), { kind: "enrolled" });
  assert.equal(seen("n1", "/pxe/state"), undefined);
  await aggregator.stop();
});

test("what a machine does before its controller says that it is on counts as soon as it says so", async () => {
  const { clock, apply, seen, aggregator, registry, idOf, on } = await makeWorld(() => []);
  apply({ n1: { ...N1, "/physState": "POWER_OFF" } });
  await clock.advance(30_000);
  assert.equal(seen("n1", "/physState"), "POWER_OFF");
  registry.saw(idOf("n1"), { kind: "address" });
  assert.equal(seen("n1", "/pxe/state"), undefined);
  on.add(idOf("n1"));
  apply({ n1: N1 });
  await clock.advance(1_000);
  assert.equal(seen("n1", "/pxe/state"), "DHCP");
  await aggregator.stop();
});

test("power off and deletion end what a machine was given for its boot; a restart of the machine alone does not", async () => {
  const { clock, apply, aggregator, registry, idOf, enrolment, control, ended } = await makeWorld();
  apply({ n1: N1 });
  await clock.advance(5_000);
  const enrol = (): string => {
    const answer = enrolment.exchange(enrolment.issue(idOf("n1"), MAC), MAC);
    assert.ok(answer.ok);
    return answer.password;
  };
  const first = enrol();
  registry.saw(idOf("n1"), { kind: "address" });
  assert.ok(enrolment.isIdentity(idOf("n1"), first));
  apply({ n1: { ...N1, "/physState": "POWER_OFF" } });
  await clock.advance(60_000);
  assert.ok(!enrolment.isIdentity(idOf("n1"), first));
  apply({ n1: N1 });
  await clock.advance(5_000);
  const second = enrol();
  assert.ok(control.remove([idOf("n1")]).ok);
  await clock.advance(1_000);
  assert.ok(!enrolment.isIdentity(idOf("n1"), second));
  assert.equal(ended.length, 2);
  assert.equal(registry.host(MAC), undefined);
  await aggregator.stop();
});

test("machines are found by MAC address as cfg has it, and by none that is not to boot from here", async () => {
  const { apply, aggregator, registry, control, idOf, clock } = await makeWorld();
  const settled = () => clock.advance(1);
  apply({ n1: { "/ipv4/mac": MAC, "/boot/method": "pxe", "/ipv4/address": "10.77.0.11" }, n2: {} });
  await settled();
  assert.deepEqual(registry.host(MAC)?.lease, { address: "10.77.0.11", prefix: 24 });
  const patch = async (values: Record<string, string | null>) => {
    const result = control.patchCfg([{ id: idOf("n1"), values: new Map(Object.entries(values)) }], {});
    assert.ok(result.ok, JSON.stringify(result));
    await settled();
  };
  await patch({ "/ipv4/mac": "52:54:00:77:00:02" });
  assert.equal(registry.host(MAC), undefined);
  assert.equal(registry.host("52:54:00:77:00:02")?.name, "n1");
  assert.equal(registry.bystander("52:54:00:77:00:02"), undefined);
  await patch({ "/boot/method": "other" });
  assert.deepEqual([...registry.hosts()], []);
  assert.equal(registry.hostAt("10.77.0.11"), undefined);
  assert.deepEqual([registry.bystander("52:54:00:77:00:02")?.name, registry.bystander(MAC)], ["n1", undefined]);
  await patch({ "/boot/method": "pxe" });
  assert.equal(registry.hostAt("10.77.0.11")?.name, "n1");
  assert.equal(registry.bystander("52:54:00:77:00:02"), undefined);
  await aggregator.stop();
});

test("an aggregator without boot services says so to who wants to boot from it; so does one that knows no MAC address", async () => {
  for (
    const [withServices, cfg, expected] of [
      [false, N1, /no boot services: start it with --boot-address/],
      [true, { ...N1, "/ipv4/mac": undefined }, /its MAC address is not known: set its \/ipv4\/mac/],
    ] as const
  ) {
    const { apply, aggregator, control, clock } = await createVirtualBoot({ withServices });
    const { "/ipv4/mac": mac, ...rest } = cfg;
    apply({ n1: mac === undefined ? rest : { ...rest, "/ipv4/mac": mac } });
    await clock.runUntil(() => control.find("n1")?.phase === "stuck", 60_000);
    assert.match(control.find("n1")?.reason ?? "", expected);
    await aggregator.stop();
  }
});

test("from any phase a machine that takes an address, gets its script and has its files is at INIT", () => {
  const phases: readonly BootPhase[] = ["NONE", "WAIT", "DHCP", "LOADING", "INIT"];
  const covered = createCoverage("phases of boots", phases, 0.02);
  fc.assert(fc.property(fc.constantFrom(...phases), (from) => {
    covered.saw(from);
    assert.equal(WHOLE.reduce(phaseAfter, from), "INIT");
    assert.equal(phaseAfter(from, { kind: "enrolled" }), "INIT");
    assert.equal(phaseAfter("DHCP", { kind: "loaded" }), "DHCP");
  }));
  covered.check();
});

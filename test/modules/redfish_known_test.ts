import assert from "node:assert/strict";
import { test } from "node:test";
import { type Asked, members, one, ordersOf, type Resources, ROOT, SYSTEMS, withBmc } from "./redfish_played.ts";

const OFF = { PowerState: "Off" };
const MINUTE = 60_000;
const done = () => new Response(null, { status: 204 });

/** How often something was asked. */
function count(asked: readonly Asked[], path: string, method = "GET"): number {
  return asked.filter((each) => each.path === path && each.method === method).length;
}

test("redfish looks for a node's system anew when its BMC does not know the URI any more, and for no other refusal", async () => {
  for (const status of [404, 403]) {
    const resources = one(OFF, done);
    await withBmc(resources, async ({ go, asked, nodes }) => {
      await go("find-off");
      resources[SYSTEMS] = members("A");
      resources[`${SYSTEMS}/A`] = OFF;
      resources[`${SYSTEMS}/1`] = () => Response.json({}, { status });
      await assert.rejects(go("find-off"), new RegExp(`status ${status}`));
      if (status === 404) await go("find-off");
      else await assert.rejects(go("find-off"), /status 403/);
      assert.equal(count(asked, SYSTEMS), status === 404 ? 2 : 1);
      assert.equal(nodes[0]?.view.get("/physState"), "POWER_OFF");
    });
  }
});

/** A BMC that lists one of its two systems at first, and orders to them that it took, as `id type`. */
function starting(second: object): { readonly resources: Resources; readonly orders: string[] } {
  const resources: Resources = { "/redfish/v1": ROOT, [SYSTEMS]: members("1") };
  const orders: string[] = [];
  for (const [id, system] of [["1", OFF], ["2", { ...OFF, ...second }]] as const) {
    resources[`${SYSTEMS}/${id}`] = system;
    resources[`${SYSTEMS}/${id}/Actions/ComputerSystem.Reset`] = ({ body }) => {
      const { ResetType }: { ResetType: string } = JSON.parse(body);
      orders.push(`${id} ${ResetType}`);
      resources[`${SYSTEMS}/${id}`] = { ...system, PowerState: ResetType === "On" ? "On" : "Off" };
      return done();
    };
  }
  return { resources, orders };
}

test("redfish gives no order to the system that a BMC listed alone while it started, where it lists the node's by then", async () => {
  const { resources, orders } = starting({ HostName: "n1" });
  await withBmc(resources, async ({ go, asked }) => {
    await go("find-off");
    assert.equal(count(asked, `${SYSTEMS}/1`), 1);
    resources[SYSTEMS] = members("1", "2");
    await go("power-on");
    assert.deepEqual(orders, ["2 On"]);
  });
});

test("redfish asks a person where the only system of a BMC has become one of two that may be the node's", async () => {
  const reset = { Actions: { "#ComputerSystem.Reset": {} } };
  const { resources, orders } = starting(reset);
  resources[`${SYSTEMS}/1`] = { ...OFF, ...reset };
  await withBmc(resources, async ({ go }) => {
    await go("find-off");
    resources[SYSTEMS] = members("1", "2");
    await assert.rejects(go("power-on"), {
      name: "MistakeError",
      message: /has 2 ComputerSystems, none of which is known/,
    });
    assert.deepEqual(orders, []);
  });
});

test("redfish waits for a BMC that says that it has more systems than it lists", async () => {
  for (const [total, waits] of [[2, true], [1, false], [0, false], ["2", false], [1.5, false]] as const) {
    const { resources } = starting({});
    resources[SYSTEMS] = { ...members("1"), "Members@odata.count": total };
    await withBmc(resources, async ({ go }) => {
      if (!waits) return await go("find-off");
      await assert.rejects(go("find-off"), {
        name: "UnavailableError",
        message:
          /lists 1 of the 2 members of '\/redfish\/v1\/Systems' at this moment: .* set the node's '\/bmc\/address'/,
      });
    });
  }
});

test("redfish gives no order while it can't be told whether a BMC's only system is that still", async () => {
  const { resources, orders } = starting({});
  resources[`${SYSTEMS}/1`] = { PowerState: "On" };
  await withBmc(resources, async ({ go, clock, nodes: [node] }) => {
    await go("find-on");
    resources[SYSTEMS] = () => Response.json({}, { status: 500 });
    let isOver = false;
    const going = go("reset").finally(() => isOver = true);
    going.catch(() => {});
    await clock.advance(60_000);
    assert.deepEqual([orders, isOver, node?.view.get("/power/order")], [[], false, undefined]);
    resources[SYSTEMS] = members("1");
    await going;
    assert.deepEqual([orders, node?.view.get("/power/order")], [["1 ForceRestart"], "DONE"]);
  });
});

test("redfish looks once for a system that is known by its address or its name", async () => {
  for (const address of ["http://bmc.test", `http://bmc.test${SYSTEMS}/n1`]) {
    const resources: Resources = {
      ...{ "/redfish/v1": ROOT, [SYSTEMS]: members("n1"), [`${SYSTEMS}/n1`]: OFF },
      [`${SYSTEMS}/n1/Actions/ComputerSystem.Reset`]() {
        resources[`${SYSTEMS}/n1`] = { PowerState: "On" };
        return done();
      },
    };
    await withBmc(resources, async ({ go, asked }) => {
      await go("power-on");
      assert.equal(count(asked, SYSTEMS), address.endsWith("n1") ? 0 : 1);
    }, [{ name: "n1", cfg: { "/bmc/address": address } }]);
  }
});

test("redfish looks for a node's system once, and anew when its address is another one", async () => {
  const resources = { ...one(OFF, done), [`${SYSTEMS}/2`]: { PowerState: "On" } };
  await withBmc(resources, async ({ go, asked, set, nodes }) => {
    await go("find-off");
    await go("find-off");
    assert.equal(count(asked, SYSTEMS), 1);
    set("/bmc/address", `http://bmc.test${SYSTEMS}/2`);
    await go("find-on");
    assert.equal(nodes[0]?.view.get("/physState"), "POWER_ON");
    set("/bmc/address", "http://bmc.test");
    await go("find-off");
    assert.deepEqual([nodes[0]?.view.get("/physState"), count(asked, SYSTEMS)], ["POWER_OFF", 2]);
  });
});

test("redfish states nothing of certificates where none is to be trusted as the first one", async () => {
  await withBmc(one(OFF, done), async ({ go, history }) => {
    await go("find-off");
    assert.deepEqual(history.filter((entry) => entry.includes("certificate")), []);
  });
});

test("redfish forgets where a node's system is when the node is another module's", async () => {
  await withBmc(one(OFF, done), async ({ go, asked, set }) => {
    await go("find-off");
    set("/platform", "ipmi");
    set("/platform", "redfish");
    await go("find-off");
    assert.equal(count(asked, SYSTEMS), 2);
  });
});

test("redfish logs out of a BMC that its node has no more by its address", async () => {
  const sessions = "/redfish/v1/SessionService/Sessions";
  const both = {
    ...one(OFF, done),
    "/redfish/v1": { ...ROOT, Links: { Sessions: { "@odata.id": sessions } } },
    [sessions]: () => new Response("{}", { status: 201, headers: { "x-auth-token": "t", location: `${sessions}/1` } }),
    [`${sessions}/1`]: done,
  };
  await withBmc(both, async ({ go, asked, set, clock }) => {
    await go("find-off");
    await go("find-off");
    assert.equal(count(asked, `${sessions}/1`, "DELETE"), 0);
    set("/bmc/address", "http://other.test");
    await go("find-off");
    await clock.advance(0);
    assert.equal(count(asked, `${sessions}/1`, "DELETE"), 1);
    assert.equal(count(asked, sessions, "POST"), 2);
  });
});

test("redfish shows a power that is neither on nor off as the BMC says it", async () => {
  for (const [power, words] of [["Paused", "PowerState 'Paused'"], [null, "PowerState null"]] as const) {
    await withBmc(one({ PowerState: power }, done), async ({ nodes: [node], clock }) => {
      await clock.advance(90 * MINUTE);
      assert.equal(node?.view.get("/bmc/power"), words);
      assert.equal(node?.view.get("/physState"), undefined);
    });
  }
  await withBmc(one({}, done), async ({ go }) => {
    await assert.rejects(go("find-off"), {
      name: "UnavailableError",
      message: `GET http://bmc.test${SYSTEMS}/1 failed: the answer has no 'PowerState'`,
    });
  });
});

test("redfish tells the BMC a device to boot from before its machine starts, and not before it ends", async () => {
  const boots: unknown[] = [];
  const resources = one(OFF, done);
  const read = () => resources[`${SYSTEMS}/1`];
  let system = read();
  Object.defineProperty(resources, `${SYSTEMS}/1`, {
    enumerable: true,
    set: (value) => system = value,
    get: () => (asked: Asked) => {
      if (asked.method === "PATCH") boots.push(JSON.parse(asked.body));
      return asked.method === "PATCH" ? done() : Response.json(system);
    },
  });
  await withBmc(resources, async ({ go, asked, nodes: [node] }) => {
    await go("power-on");
    assert.deepEqual(boots, [], "there is no device");
    await go("power-off");
    node?.cfg.set("/bmc/bootDevice", "pxe");
    await go("power-on");
    const Boot = { BootSourceOverrideEnabled: "Continuous", BootSourceOverrideTarget: "Pxe" };
    assert.deepEqual(boots.splice(0), [{ Boot }]);
    const places = asked.filter(({ method }) => method !== "GET").slice(-2).map(({ method }) => method);
    assert.deepEqual(places, ["PATCH", "POST"]);
    await go("power-off");
    assert.deepEqual(boots, []);
    assert.equal(ordersOf(asked).length, 4);
  });
});

test("redfish orders nothing where the BMC refuses the device to boot from", async () => {
  const resources = one(OFF, done);
  const refuses = ({ method }: Asked) =>
    method === "PATCH" ? Response.json({ error: { message: "Not that" } }, { status: 400 }) : Response.json(OFF);
  await withBmc({ ...resources, [`${SYSTEMS}/1`]: refuses }, async ({ go, asked, nodes: [node] }) => {
    node?.cfg.set("/bmc/bootDevice", "pxe");
    await assert.rejects(go("power-on"), { name: "DeclinedError", message: /Not that/ });
    assert.deepEqual(ordersOf(asked), []);
  });
});

const TASK = "/redfish/v1/TaskService/Tasks/9";

/** A BMC whose first order becomes a task that runs for ever. */
function tasked(): Resources {
  let orders = 0;
  const running = () => Response.json({ "@odata.id": TASK, TaskState: "Running" }, { status: 202 });
  return Object.assign(one(OFF, () => orders++ > 0 ? done() : running()), { [TASK]: { TaskState: "Running" } });
}

test("redfish looks at the task that an order became for five minutes", async () => {
  await withBmc(tasked(), async ({ go, asked, clock }) => {
    await go("power-on");
    const from = clock.now();
    assert.ok(count(asked, TASK) > 0);
    await clock.advance(299_000 - (clock.now() - from));
    await go("find-on");
    const looked = count(asked, TASK);
    await clock.advance(10_000);
    await go("find-on"); // the one that finds out that the time is over
    await go("find-on");
    assert.equal(count(asked, TASK), looked + 1);
  });
});

test("redfish looks at no task of an order before the last one", async () => {
  await withBmc(tasked(), async ({ go, asked }) => {
    await go("power-on");
    await go("power-off");
    const looked = count(asked, TASK);
    await go("find-off");
    assert.equal(count(asked, TASK), looked);
  });
});

test("redfish looks for a machine's sensors once, and anew when they can't be read", async () => {
  const chassis = "/redfish/v1/Chassis/1";
  const resources: Resources = {
    ...one({ ...OFF, Links: { Chassis: [{ "@odata.id": chassis }] } }, done),
    [chassis]: { Power: { "@odata.id": `${chassis}/Power` }, Thermal: { "@odata.id": `${chassis}/Thermal` } },
    [`${chassis}/Power`]: { PowerControl: [{ PowerConsumedWatts: 300 }] },
    [`${chassis}/Thermal`]: { Temperatures: [{ PhysicalContext: "Intake", ReadingCelsius: 21 }] },
  };
  await withBmc(
    resources,
    async ({ asked, clock, nodes: [node] }) => {
      await clock.advance(5 * MINUTE);
      assert.deepEqual([node?.view.get("/bmc/watts"), node?.view.get("/bmc/inlet")], [300, 21]);
      assert.deepEqual([count(asked, `${chassis}/Power`), count(asked, chassis)], [5, 1]);
      resources[`${chassis}/Power`] = () => Response.json({}, { status: 404 });
      await clock.advance(MINUTE);
      resources[chassis] = { Power: { "@odata.id": `${chassis}/NewPower` } };
      resources[`${chassis}/NewPower`] = { PowerControl: [{ PowerConsumedWatts: 500 }] };
      await clock.advance(MINUTE);
      assert.equal(count(asked, chassis), 2);
      assert.deepEqual([node?.view.get("/bmc/watts"), node?.view.get("/bmc/inlet")], [500, undefined]);
    },
    [{ name: "n1" }],
    { sense: MINUTE },
  );
});

test("redfish asks a machine without sensors for none, and looks again whether there are any", async () => {
  const chassis = "/redfish/v1/Chassis/1";
  const resources: Resources = {
    ...one({ ...OFF, Links: { Chassis: [{ "@odata.id": chassis }] } }, done),
    [chassis]: { Id: "1" },
  };
  await withBmc(
    resources,
    async ({ asked, clock, nodes: [node] }) => {
      await clock.advance(3 * MINUTE);
      assert.equal(node?.view.get("/bmc/watts"), undefined);
      assert.equal(count(asked, chassis), 3);
    },
    [{ name: "n1" }],
    { sense: MINUTE },
  );
});

test("redfish finds the sensors in the first of four chassis that has any", async () => {
  const chassis = [1, 2, 3, 4, 5].map((each) => `/redfish/v1/Chassis/${each}`);
  for (const [place, expected] of [[0, 300], [3, 300], [4, undefined]] as const) {
    const resources: Resources = {
      ...one({ ...OFF, Links: { Chassis: chassis.map((uri) => ({ "@odata.id": uri })) } }, done),
      ...Object.fromEntries(chassis.map((uri) => [uri, {}])),
      [chassis[place] ?? ""]: { EnvironmentMetrics: { "@odata.id": "/metrics" } },
      "/metrics": { PowerWatts: { Reading: 300 } },
    };
    await withBmc(
      resources,
      async ({ clock, nodes: [node] }) => {
        await clock.advance(MINUTE);
        assert.equal(node?.view.get("/bmc/watts"), expected, String(place));
      },
      [{ name: "n1" }],
      { sense: MINUTE },
    );
  }
});

test("redfish takes the sensors of the new kind where they say something, and else those of the old one", async () => {
  const chassis = "/redfish/v1/Chassis/1";
  const link = (name: string) => ({ "@odata.id": `${chassis}/${name}` });
  const all = {
    ...{ EnvironmentMetrics: link("Environment"), ThermalSubsystem: link("Subsystem") },
    ...{ Thermal: link("Thermal"), Power: link("Power") },
  };
  const values = {
    [`${chassis}/Subsystem`]: { ThermalMetrics: link("Metrics") },
    [`${chassis}/Metrics`]: { TemperatureSummaryCelsius: { Intake: { Reading: 20 } } },
    [`${chassis}/Environment`]: { PowerWatts: { Reading: 400 }, TemperatureCelsius: { Reading: 40 } },
    [`${chassis}/Thermal`]: { Temperatures: [{ Name: "Inlet", ReadingCelsius: 30 }] },
    [`${chassis}/Power`]: { PowerControl: [{ PowerConsumedWatts: 300 }] },
  };
  const cases: [less: Resources, inlet: number | undefined, watts: number | undefined][] = [
    [{}, 20, 400],
    [{ [`${chassis}/Subsystem`]: {} }, 30, 400],
    [{ [`${chassis}/Metrics`]: {} }, 30, 400],
    [{ [`${chassis}/Metrics`]: {}, [`${chassis}/Thermal`]: {} }, 40, 400],
    [{ [`${chassis}/Environment`]: {} }, 20, 300],
    [{ [`${chassis}/Environment`]: {}, [`${chassis}/Power`]: {} }, 20, undefined],
  ];
  for (const [less, inlet, watts] of cases) {
    const system = { ...OFF, Links: { Chassis: [{ "@odata.id": chassis }] } };
    await withBmc(
      { ...one(system, done), [chassis]: all, ...values, ...less },
      async ({ clock, nodes: [node] }) => {
        await clock.advance(MINUTE);
        assert.deepEqual(
          [node?.view.get("/bmc/inlet"), node?.view.get("/bmc/watts")],
          [inlet, watts],
          JSON.stringify(less),
        );
      },
      [{ name: "n1" }],
      { sense: MINUTE },
    );
  }
});

test("redfish takes back the certificate that it stated where the first one is not to be trusted any more", async () => {
  await withBmc(one(OFF, done), async ({ go, nodes: [node], history }) => {
    node?.view.set("/bmc/certificate", "AA (CN=bmc, until 2099-12-31)");
    await go("find-off");
    await go("find-off");
    assert.equal(node?.view.get("/bmc/certificate"), undefined);
    assert.equal(history.filter((entry) => entry.includes("certificate")).length, 1);
  });
  await withBmc(one(OFF, done), async ({ go, nodes: [node], set }) => {
    set("/bmc/trust", "first-use");
    node?.view.set("/bmc/certificate", "AA (CN=bmc, until 2099-12-31)");
    await go("find-off");
    assert.equal(node?.view.get("/bmc/certificate"), "AA (CN=bmc, until 2099-12-31)");
  });
});

test("redfish stays logged in at a BMC while its node goes to another module and back, where another node is there too", async () => {
  const sessions = "/redfish/v1/SessionService/Sessions";
  let begun = 0;
  const both: Resources = {
    ...one(OFF, done),
    "/redfish/v1": { ...ROOT, Links: { Sessions: { "@odata.id": sessions } } },
    [sessions]: () =>
      new Response("{}", { status: 201, headers: { "x-auth-token": `t${++begun}`, location: `${sessions}/${begun}` } }),
    [`${sessions}/1`]: done,
  };
  for (const isAlone of [true, false]) {
    begun = 0;
    const names = isAlone ? ["n1"] : ["n1", "n2"];
    await withBmc(
      both,
      async ({ go, asked, set, clock }) => {
        await clock.advance(2 * MINUTE);
        await go("find-off");
        set("/platform", "ipmi");
        await clock.advance(0);
        assert.equal(count(asked, `${sessions}/1`, "DELETE"), isAlone ? 1 : 0);
        set("/platform", "redfish");
        await go("find-off");
        assert.equal(begun, isAlone ? 2 : 1);
      },
      names.map((name) => ({ name })),
      { poll: MINUTE },
    );
  }
});

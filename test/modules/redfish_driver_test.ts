import assert from "node:assert/strict";
import { test } from "node:test";
import { USER } from "./bmc_fixture.ts";
import {
  type Asked,
  members,
  one,
  ordersOf,
  type Resources,
  ROOT,
  SYSTEMS,
  unsupported,
  withBmc,
} from "./redfish_played.ts";

const RESET = { "#ComputerSystem.Reset": { "ResetType@Redfish.AllowableValues": ["On", "ForceOff"] } };
const OFF = { PowerState: "Off", Actions: RESET };
const busy = () => Response.json({ error: { message: "Not ready" } }, { status: 503 });

/** Which system a read leads to, or why none. */
async function located(resources: Resources): Promise<string> {
  let found = "";
  await withBmc({ "/redfish/v1": ROOT, ...resources }, async ({ go, asked }) => {
    try {
      await go("find-off");
      found = asked.at(-1)?.path ?? "";
    } catch (error) {
      found = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    }
  });
  return found;
}

test("redfish takes the only system of several that can be reset", async () => {
  const host = { [`${SYSTEMS}/DGX`]: OFF, [SYSTEMS]: members("HGX_Baseboard_0", "DGX") };
  assert.equal(await located({ ...host, [`${SYSTEMS}/HGX_Baseboard_0`]: { PowerState: "On" } }), `${SYSTEMS}/DGX`);
  assert.equal(
    await located({ ...host, [`${SYSTEMS}/HGX_Baseboard_0`]: busy }),
    `${SYSTEMS}/DGX`,
    "a board that is off",
  );
  const dpu = { ...host, [SYSTEMS]: members("Bluefield", "DGX") };
  assert.equal(await located({ ...dpu, [`${SYSTEMS}/Bluefield`]: { ...OFF, SystemType: "DPU" } }), `${SYSTEMS}/DGX`);
});

test("redfish takes the system of several that has the node's name in it, whatever its URI", async () => {
  for (const name of ["Id", "Name", "HostName", "AssetTag", "SerialNumber"]) {
    const both = { [SYSTEMS]: members("a", "b"), [`${SYSTEMS}/a`]: OFF, [`${SYSTEMS}/b`]: { ...OFF, [name]: "N1" } };
    assert.equal(await located(both), `${SYSTEMS}/b`, name);
  }
});

test("redfish waits rather than to take a system while another one, which may be the node's, does not answer", async () => {
  const said = await located({
    [SYSTEMS]: members("Node0", "Node1"),
    [`${SYSTEMS}/Node0`]: OFF,
    [`${SYSTEMS}/Node1`]: busy,
  });
  assert.match(
    said,
    /^UnavailableError: .* may have 'n1' as '\/redfish\/v1\/Systems\/Node1': .*status 503 \(Not ready\)/,
  );
});

test("redfish asks a person which of two systems a node is that could both be reset", async () => {
  const said = await located({
    [SYSTEMS]: members("Node0", "Node1"),
    [`${SYSTEMS}/Node0`]: OFF,
    [`${SYSTEMS}/Node1`]: OFF,
  });
  assert.match(said, /has 2 ComputerSystems, none of which is known as 'n1': .* such as http:\/\/bmc\.test.*\/Node0/);
});

test("redfish waits for a BMC whose collection of systems is empty at this moment", async () => {
  assert.match(await located({ [SYSTEMS]: members() }), /^UnavailableError: .* has no ComputerSystem at this moment/);
});

test("redfish finds a node as a chassis of that name, and never guesses one: its Reset may be everybody's", async () => {
  const chassis = "/redfish/v1/Chassis";
  const blade = { PowerState: "Off", Actions: { "#Chassis.Reset": {} } };
  const resources = {
    "/redfish/v1": { Chassis: { "@odata.id": chassis } },
    [chassis]: members(`${chassis}/Enclosure`),
    [`${chassis}/Enclosure`]: blade,
    [`${chassis}/7`]: { ...blade, AssetTag: "n1" },
  };
  assert.match(await located(resources), /has 1 Chassis and no ComputerSystems, none of which is known as 'n1'/);
  const named = { ...resources, [chassis]: members(`${chassis}/Enclosure`, `${chassis}/7`) };
  assert.equal(await located(named), `${chassis}/7`);
});

test("redfish follows the pages of a collection", async () => {
  const next = { "Members@odata.nextLink": `${SYSTEMS}/page2` };
  const found = await located({
    [SYSTEMS]: { ...members("a"), ...next },
    [`${SYSTEMS}/page2`]: members("n1"),
    [`${SYSTEMS}/n1`]: OFF,
  });
  assert.equal(found, `${SYSTEMS}/n1`);
});

test("redfish orders ForceOn where the BMC does not know On, whatever it lists", async () => {
  const listed = { "#ComputerSystem.Reset": { "ResetType@Redfish.AllowableValues": ["On", "ForceOn"] } };
  const bmc = one(
    { PowerState: "Off", Actions: listed },
    (type) => type === "On" ? unsupported() : new Response(null, { status: 204 }),
  );
  await withBmc(bmc, async ({ go, asked, nodes }) => {
    await go("power-on");
    assert.deepEqual(ordersOf(asked), ['{"ResetType":"On"}', '{"ResetType":"ForceOn"}']);
    assert.equal(nodes[0]?.view.get("/physState"), "POWER_ON");
  });
});

test("redfish says what a task said that an order became and that failed, and orders again", async () => {
  const task = "/redfish/v1/TaskService/Tasks/9";
  let turns = 0;
  const bmc = one(OFF, () => {
    if (turns++ > 0) return new Response(null, { status: 204 });
    return Response.json({ "@odata.id": task, TaskState: "Running" }, { status: 202 });
  });
  await withBmc({
    ...bmc,
    [`${SYSTEMS}/1`]: () => Response.json(turns > 1 ? { PowerState: "On" } : OFF),
    [task]: { TaskState: "Exception", Messages: [{ Message: "The fan did not turn" }] },
  }, async ({ go, asked, nodes }) => {
    await go("power-on");
    assert.equal(ordersOf(asked).length, 2);
    assert.equal(asked.filter(({ path }) => path === task).length, 1, "it is over, and not looked at again");
    assert.equal(nodes[0]?.view.get("/physState"), "POWER_ON");
  });
});

test("redfish names the version of the system that it changes where the BMC wants that", async () => {
  for (const [tag, taken] of [['W/"7"', 'W/"7"'], ['W/"7"', '"7"'], ['"7"', "*"]] as const) {
    const bmc = one({ ...OFF, "@odata.etag": tag }, (_type, { headers }) => {
      const given = headers["if-match"];
      return new Response(null, { status: given === undefined ? 428 : given === taken ? 204 : 412 });
    });
    await withBmc(bmc, async ({ go, asked, nodes }) => {
      await go("power-on");
      assert.equal(asked.filter(({ headers }) => headers["if-match"] !== undefined).at(-1)?.headers["if-match"], taken);
      assert.equal(nodes[0]?.view.get("/physState"), "POWER_ON");
    });
  }
});

test("redfish sends no order to a target on another host, but to the usual place", async () => {
  const target = "https://evil.test/redfish/v1/Systems/1/Actions/ComputerSystem.Reset";
  const bmc = one(
    { PowerState: "Off", Actions: { "#ComputerSystem.Reset": { target } } },
    () => new Response(null, { status: 204 }),
  );
  await withBmc(bmc, async ({ go, asked }) => {
    await go("power-on");
    assert.deepEqual(ordersOf(asked).length, 1);
    assert.equal(asked.find(({ path }) => path.endsWith(".Reset"))?.path, `${SYSTEMS}/1/Actions/ComputerSystem.Reset`);
  });
});

test("redfish stays logged in at a BMC that another node has as well, and logs out with the last one", async () => {
  const sessions = "/redfish/v1/SessionService/Sessions";
  const both = {
    "/redfish/v1": { ...ROOT, Links: { Sessions: { "@odata.id": sessions } } },
    [SYSTEMS]: members("n1", "n2"),
    [`${SYSTEMS}/n1`]: OFF,
    [`${SYSTEMS}/n2`]: OFF,
    [sessions]: () => new Response("{}", { status: 201, headers: { "x-auth-token": "t", location: `${sessions}/1` } }),
    [`${sessions}/1`]: () => new Response(null, { status: 204 }),
  };
  await withBmc(both, async ({ go, nodes, asked, host, clock, set }) => {
    await go("find-off");
    await clock.advance(3_700_000); // each node is polled
    set("/platform", "ipmi");
    await clock.advance(10_000);
    assert.deepEqual(asked.filter(({ method }) => method === "DELETE"), []);
    const [, other] = nodes;
    other?.cfg.set("/platform", "ipmi");
    host.changed(other?.id ?? "");
    await clock.advance(10_000);
    assert.equal(asked.filter(({ method }) => method === "DELETE").length, 1);
  }, [{ name: "n1" }, { name: "n2" }]);
});

test("redfish takes an address with doubled slashes, and one of the service's versions", async () => {
  for (
    const address of [
      "http://bmc.test//",
      "http://bmc.test//redfish//v1//",
      "http://bmc.test/redfish/",
      "http://bmc.test//redfish/v1//Systems//1",
    ]
  ) {
    await withBmc(one(OFF, busy), async ({ go, nodes, asked }) => {
      await go("find-off");
      assert.equal(nodes[0]?.view.get("/physState"), "POWER_OFF");
      assert.ok(asked.every(({ path }) => !path.includes("//")), address);
    }, [{ name: "n1", cfg: { "/bmc/address": address } }]);
  }
});

test("redfish follows a redirect on the BMC with the method kept, and says where one leads that it does not follow", async () => {
  for (const status of [301, 302, 307, 308]) {
    const moved = "/redfish/v1/Moved";
    const bmc = one(OFF, () => new Response(null, { status, headers: { location: moved } }));
    let orders = 0;
    const end = {
      [moved]: ({ method }: Asked) => (orders += method === "POST" ? 1 : 0, new Response(null, { status: 204 })),
    };
    const system = { [`${SYSTEMS}/1`]: () => Response.json({ ...OFF, PowerState: orders > 0 ? "On" : "Off" }) };
    await withBmc({ ...bmc, ...end, ...system }, async ({ go }) => {
      await go("power-on");
      assert.equal(orders, 1);
    });
  }
  const away = () => new Response(null, { status: 308, headers: { location: "https://bmc7.example/redfish/v1/" } });
  await withBmc({ "/redfish/v1": away }, async ({ go, asked }) => {
    await assert.rejects(
      go("find-off"),
      /redirects to 'https:\/\/bmc7\.example\/redfish\/v1\/'.* set the node's '\/bmc\/address' to it/,
    );
    assert.ok(asked.every(({ body }) => !body.includes(USER.password)));
  });
  const circle: Resources = {
    "/redfish/v1": ({ path }) => new Response(null, { status: 307, headers: { location: `${path}?again` } }),
  };
  await withBmc(circle, async ({ go }) => await assert.rejects(go("find-off"), /redirects/));
});

test("redfish cuts no power as the list of what a BMC takes can't be read at a moment", async () => {
  for (const status of [500, 503]) {
    const actions = `${SYSTEMS}/1/ResetActionInfo`;
    const unsupported = { error: { "@Message.ExtendedInfo": [{ MessageId: "Base.1.8.ActionParameterNotSupported" }] } };
    const orders: string[] = [];
    let power = "On";
    let reads = 0;
    const resources: Resources = {
      "/redfish/v1": ROOT,
      [SYSTEMS]: members("1"),
      [`${SYSTEMS}/1`]: () =>
        Response.json({ PowerState: power, Actions: { "#ComputerSystem.Reset": { "@Redfish.ActionInfo": actions } } }),
      [actions]: () =>
        ++reads < 3
          ? Response.json({}, { status })
          : Response.json({ Parameters: [{ Name: "ResetType", AllowableValues: ["Off", "ForceOff", "On"] }] }),
      [`${SYSTEMS}/1/Actions/ComputerSystem.Reset`]({ body }) {
        const { ResetType } = JSON.parse(body);
        orders.push(ResetType);
        if (ResetType === "GracefulShutdown") return Response.json(unsupported, { status: 400 });
        power = "Off";
        return new Response(null, { status: 204 });
      },
    };
    await withBmc(resources, async ({ go, nodes }) => {
      nodes[0]?.view.set("/runState", "SYNC");
      await go("power-off");
      assert.deepEqual(orders.filter((order) => order !== "GracefulShutdown"), ["Off"], String(status));
    });
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { ending, withScene } from "./redfish_scene.ts";

test("redfish asks a busy controller again when it says to, and gives up for the time being when it stays busy", async () => {
  await withScene({}, async (scene) => {
    const { run, clock, asked, node } = scene;
    const at: number[] = [];
    let busy = 2;
    scene.between = async (path, go) => {
      if (!path.endsWith("/Systems/n1")) return await go();
      at.push(clock.now());
      return busy-- > 0 ? new Response("{}", { status: 503, headers: { "retry-after": "7" } }) : await go();
    };
    await ending(clock, run("find-on"));
    assert.deepEqual(at.map((moment) => moment - (at[0] ?? 0)), [0, 7_000, 14_000]);
    assert.equal(node.view.get("/physState"), "POWER_OFF");
    busy = 100;
    await assert.rejects(ending(clock, run("find-on")), { name: "UnavailableError", message: /status 503/ });
    assert.equal(asked.filter((each) => each === "GET /redfish/v1/Systems/n1").length, 3 + 4);
  });
});

test("redfish waits half a minute for one answer, and a mutation that is not wanted any more for none", async () => {
  await withScene({}, async (scene) => {
    const { run, clock } = scene;
    scene.between = () => new Promise<Response>(() => {});
    const from = clock.now();
    await assert.rejects(ending(clock, run("find-on")), { name: "UnavailableError", message: /no answer in 30000 ms/ });
    assert.equal(clock.now() - from, 30_000);
    const wanted = new AbortController();
    const finding = run("find-on", {}, wanted.signal);
    wanted.abort(new Error("Not wanted"));
    await assert.rejects(finding, /Not wanted/);
  });
});

test("redfish's order is no success: it is done when the controller says so, and its timeout says when it never does", async () => {
  await withScene({}, async (scene) => {
    const { run, clock, node } = scene;
    scene.between = async (path, go) => path.endsWith("Reset") ? new Response(null, { status: 204 }) : await go();
    const timeout = new AbortController();
    clock.after(60_000, () => timeout.abort(new Error("Timed out")));
    await assert.rejects(ending(clock, run("power-on", {}, timeout.signal)), /Timed out/);
    assert.equal(node.view.get("/physState"), "PHYS_HANG");
  });
});

test("redfish believes no controller that says for a while what was before, and gives no order twice", async () => {
  await withScene(
    { staleDelay: { min: 4_000, mode: 6_000, max: 8_000 } },
    async ({ run, clock, node, machine, controller, history }) => {
      await ending(clock, run("power-on"));
      assert.equal(node.view.get("/physState"), "POWER_ON");
      assert.deepEqual(controller.counters, { powerOn: 1, powerOff: 0, resets: 0 });
      await ending(clock, run("power-off"));
      assert.equal(machine.state, "off");
      assert.deepEqual(controller.counters, { powerOn: 1, powerOff: 1, resets: 0 });
      await ending(clock, run("power-on"));
      await clock.advance(60_000);
      assert.deepEqual(history.filter((entry) => entry.includes("physState")), [
        "n1/physState=POWER_ON",
        "n1/physState=POWER_OFF",
        "n1/physState=POWER_ON",
      ]);
    },
    { poll: 500 },
  );
});

test("redfish takes 400 for an answer when it is so already, and not when it isn't", async () => {
  await withScene({}, async (scene) => {
    const { run, clock, node, controller } = scene;
    scene.between = async (path, go) => {
      if (!path.endsWith("Reset")) return await go();
      const answer = node.name === "n1" && controller.power === "Off" ? await go() : undefined;
      if (answer !== undefined) await clock.advance(0);
      return Response.json({ error: { message: "The state does not allow it" } }, { status: 400 });
    };
    await ending(clock, run("power-on"));
    assert.equal(node.view.get("/physState"), "POWER_ON");
    await assert.rejects(ending(clock, run("power-off")), /status 400 \(The state does not allow it\)/);
  });
});

test("redfish gives a healthy machine its time to shut down, and cuts its power then", async () => {
  await withScene({}, async ({ run, clock, node, machine }) => {
    machine.heeds = false;
    await ending(clock, run("power-on"));
    node.view.set("/runState", "SYNC");
    const from = clock.now();
    await ending(clock, run("power-off"));
    assert.ok(clock.now() - from >= 60_000 && clock.now() - from < 65_000, String(clock.now() - from));
    assert.deepEqual(machine.done, ["start", "shutdown", "stop"]);
  });
});

test("redfish restarts a machine that hangs, and by power off and on when it hangs again", async () => {
  await withScene({}, async ({ run, clock, node, machine, controller }) => {
    await ending(clock, run("power-on"));
    node.view.set("/physState", "PHYS_HANG");
    await ending(clock, run("restart-hang"));
    assert.equal(node.view.get("/physState"), "POWER_ON");
    assert.deepEqual(controller.counters, { powerOn: 1, powerOff: 0, resets: 1 });
    node.view.set("/physState", "PHYS_HANG");
    await ending(clock, run("restart-hang"));
    assert.deepEqual(controller.counters, { powerOn: 2, powerOff: 1, resets: 1 });
    assert.deepEqual(machine.done, ["start", "restart", "stop", "start"]);
  });
});

test("redfish restarts by power off and on where the controller allows no restart, by its list or its ActionInfo", async () => {
  for (const inline of [true, false]) {
    await withScene({}, async (scene) => {
      const { run, clock, controller } = scene;
      scene.between = async (path, go) => {
        if (path === "/redfish/v1/Info") {
          return Response.json({ Parameters: [{ Name: "ResetType", AllowableValues: ["On", "ForceOff"] }] });
        }
        const answer = await go();
        if (!path.endsWith("/Systems/n1")) return answer;
        const system: { Actions: { [name: string]: object } } = await answer.json();
        const reset = inline
          ? { "ResetType@Redfish.AllowableValues": ["On", "ForceOff"] }
          : { "@Redfish.ActionInfo": "/redfish/v1/Info" };
        return Response.json({ ...system, Actions: { "#ComputerSystem.Reset": reset } });
      };
      await ending(clock, run("power-on"));
      await ending(clock, run("restart-hang"));
      assert.deepEqual(controller.counters, { powerOn: 2, powerOff: 1, resets: 0 });
    });
  }
});

test("redfish is told of a change by an event long before it would poll", async () => {
  await withScene({}, async ({ run, clock, node, machine }) => {
    await ending(clock, run("power-on"));
    await clock.advance(60_000); // the stream is open, and what was said just after the change is over
    const from = clock.now();
    machine.exit();
    await clock.runUntil(() => node.view.get("/physState") === "POWER_OFF", 10_000);
    assert.ok(clock.now() - from <= 1_500, String(clock.now() - from));
  });
});

test("redfish polls a silent controller more seldom, keeps what was known, and shows why", async () => {
  await withScene({ events: false }, async (scene) => {
    const { run, clock, node, asked } = scene;
    await ending(clock, run("power-on"));
    scene.between = async () => {
      throw new TypeError("fetch failed", { cause: new Error("connect EHOSTUNREACH 10.0.0.7:443") });
    };
    await clock.advance(60_000);
    assert.match(String(node.view.get("/bmc/error")), /^GET http:\/\/bmc.test\/.* failed: connect EHOSTUNREACH/);
    assert.equal(node.view.get("/physState"), "POWER_ON");
    const before = asked.length;
    await clock.advance(40_000);
    assert.ok(asked.length - before <= 14, String(asked.length - before));
    scene.between = (_path, go) => go();
    await clock.advance(10_000);
    assert.equal(node.view.get("/bmc/error"), undefined);
  }, { poll: 1_000 });
});

test("redfish restarts a machine that somebody ordered to be once its BMC is not busy any more, and says so only then", async () => {
  await withScene({}, async (scene) => {
    const { run, clock, machine, node } = scene;
    await ending(clock, run("power-on"));
    let refused = 0;
    scene.between = async (path, go) =>
      path.endsWith("Reset") && refused++ < 6 ? new Response("{}", { status: 503 }) : await go();
    const work = run("reset");
    await clock.runUntil(() => refused === 5, 60_000);
    assert.equal(node.view.get("/power/order"), undefined);
    await ending(clock, work);
    assert.deepEqual([machine.done.at(-1), node.view.get("/power/order")], ["restart", "DONE"]);
  });
});

test("redfish gives no order before the BMC was told the device to boot from, and takes none for given then", async () => {
  await withScene({}, async (scene) => {
    const { run, clock, machine, node, asked } = scene;
    await ending(clock, run("power-on"));
    node.view.set("/bmc/bootNext", "PXE");
    let lost = 2;
    scene.between = async (_path, go) => {
      if (asked.at(-1)?.startsWith("PATCH") === true && lost-- > 0) throw new Error("The connection was reset");
      return await go();
    };
    await ending(clock, run("reset"));
    assert.equal(lost, -1);
    assert.deepEqual([machine.done.at(-1), node.view.get("/power/order")], ["restart", "DONE"]);
    assert.equal(node.view.get("/bmc/bootNext"), "NONE");
  });
});

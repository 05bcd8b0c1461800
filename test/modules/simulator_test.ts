import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { withFolder } from "../support/folder.ts";
import { createCoverage, fc } from "../support/property.ts";
import { seededRandom, triangular } from "../../modules/simpower/simulator/chance.ts";
import { parseSimulatorConfig } from "../../modules/simpower/simulator/config.ts";
import { createController } from "../../modules/simpower/simulator/controller.ts";
import { createProcessMachine } from "../../modules/simpower/simulator/process_machine.ts";
import { createReaper } from "../../modules/simpower/simulator/reaper.ts";
import { createRedfishApp } from "../../modules/simpower/simulator/redfish.ts";
import { createLog } from "../../src/log.ts";
import { until } from "../support/until.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual_clock.ts";
import { quickConfig, runSimulator, startSimulator, withSimulator } from "./simulator_fixture.ts";

const RESET = "/n1/Actions/ComputerSystem.Reset";
const SIMULATE = "/n1/Oem/Kraken.Simulate";

/** The interface of one machine that never boots, on a clock of its own. */
async function withApp(
  run: (ask: (path: string, body?: string) => Promise<Response>, clock: VirtualClock) => Promise<void>,
  more: Parameters<typeof quickConfig>[1] = {},
): Promise<void> {
  await withFolder(async (folder) => {
    const config = quickConfig(folder, { bootDelay: { min: 1e6, mode: 1e6, max: 1e6 }, ...more });
    const clock = createVirtualClock();
    const parts = { clock, random: seededRandom(1), reaper: createReaper(clock), log: createLog(() => {}) };
    const app = createRedfishApp(
      config.systems.map((system) =>
        createController(system, createProcessMachine(system, config, parts), config, parts)
      ),
      { ...parts, config, signal: new AbortController().signal },
    );
    await run(
      async (path, body) => await app.request(path, body === undefined ? {} : { method: "POST", body }),
      clock,
    );
  });
}

test("simulator has the shape of Redfish's service root, collection and ComputerSystem", async () => {
  await withApp(async (ask) => {
    const root = await ask("/redfish/v1/");
    assert.equal(root.headers.get("odata-version"), "4.0");
    assert.deepEqual((await root.json()).Systems, { "@odata.id": "/redfish/v1/Systems" });
    const systems = await (await ask("/redfish/v1/Systems")).json();
    assert.equal(systems["Members@odata.count"], 1);
    assert.deepEqual(systems.Members, [{ "@odata.id": "/redfish/v1/Systems/n1" }]);
    const list = ["On", "ForceOn", "ForceOff", "GracefulShutdown", "GracefulRestart", "ForceRestart", "PowerCycle"];
    assert.deepEqual(await (await ask("/redfish/v1/Systems/n1")).json(), {
      "@odata.id": "/redfish/v1/Systems/n1",
      "@odata.type": "#ComputerSystem.v1_22_0.ComputerSystem",
      Id: "n1",
      Name: "n1",
      SystemType: "Physical",
      Manufacturer: "Kraken",
      BiosVersion: "1.0",
      LocationIndicatorActive: false,
      Model: "Simulated machine",
      SerialNumber: "11111111",
      UUID: "11111111-1111-4111-8111-111111111111",
      PowerState: "Off",
      Status: { State: "StandbyOffline", Health: "OK" },
      Boot: {
        BootSourceOverrideEnabled: "Disabled",
        BootSourceOverrideTarget: "None",
        BootSourceOverrideMode: "UEFI",
        "BootSourceOverrideEnabled@Redfish.AllowableValues": ["Disabled", "Once", "Continuous"],
        "BootSourceOverrideTarget@Redfish.AllowableValues": [
          ...["None", "Pxe", "Hdd", "Cd", "Usb", "BiosSetup", "UefiHttp"],
        ],
        "BootSourceOverrideMode@Redfish.AllowableValues": ["UEFI", "Legacy"],
      },
      EthernetInterfaces: { "@odata.id": "/redfish/v1/Systems/n1/EthernetInterfaces" },
      LogServices: { "@odata.id": "/redfish/v1/Systems/n1/LogServices" },
      Links: {
        Chassis: [{ "@odata.id": "/redfish/v1/Chassis/n1" }],
        ManagedBy: [{ "@odata.id": "/redfish/v1/Managers/n1" }],
      },
      Actions: {
        "#ComputerSystem.Reset": {
          target: "/redfish/v1/Systems/n1/Actions/ComputerSystem.Reset",
          "ResetType@Redfish.AllowableValues": [...list, "Nmi", "PushPowerButton"],
          "@Redfish.ActionInfo": "/redfish/v1/Systems/n1/ResetActionInfo",
        },
      },
    });
  });
});

test("simulator answers what it can't do with Redfish's errors", async () => {
  await withApp(async (ask) => {
    const cases: [path: string, body: string | undefined, status: number, id: string, message: RegExp][] = [
      ["/redfish/v1/Systems/n2", undefined, 404, "ResourceMissingAtURI", /no resource at '\/redfish\/v1\/Systems\/n2'/],
      ["/nothing", undefined, 404, "ResourceMissingAtURI", /'\/nothing'/],
      [`/redfish/v1/Systems${RESET}`, "{", 400, "MalformedJSON", /not a JSON object/],
      [`/redfish/v1/Systems${RESET}`, "[]", 400, "MalformedJSON", /not a JSON object/],
      [`/redfish/v1/Systems${RESET}`, "{}", 400, "ActionParameterMissing", /requires 'ResetType'/],
      [
        `/redfish/v1/Systems${RESET}`,
        '{"ResetType":"Up"}',
        400,
        "ActionParameterValueNotInList",
        /"Up" of 'ResetType'/,
      ],
      [`/redfish/v1/Systems${SIMULATE}`, '{"hang":1}', 400, "PropertyValueTypeError", /'hang' is not true or false/],
      [`/redfish/v1/Systems${SIMULATE}`, '{"fail":-1}', 400, "PropertyValueTypeError", /'fail' is not an integer/],
      [`/redfish/v1/Systems${RESET}`, `"${"x".repeat(20_000)}"`, 413, "GeneralError", /larger than 16384 bytes/],
    ];
    for (const [path, body, status, id, message] of cases) {
      const response = await ask(path, body);
      assert.equal(response.status, status, path);
      const { error } = await response.json();
      assert.equal(error.code, `Base.1.18.${id}`);
      assert.match(error.message, message);
      assert.equal(error["@Message.ExtendedInfo"][0].MessageId, error.code);
    }
  });
});

test("simulator goes through the power states with their delays, and counts what it was told", async () => {
  await withApp(async (ask, clock) => {
    const reset = (type: string) => ask(`/redfish/v1/Systems${RESET}`, JSON.stringify({ ResetType: type }));
    const power = async () => (await (await ask("/redfish/v1/Systems/n1")).json()).PowerState;
    assert.equal((await reset("On")).status, 204);
    await clock.advance(9);
    assert.equal(await power(), "PoweringOn");
    await clock.advance(30);
    assert.equal(await power(), "On");
    await reset("On");
    await reset("ForceRestart");
    await clock.advance(30);
    assert.equal(await power(), "On");
    await reset("PowerCycle");
    await clock.advance(5);
    assert.equal(await power(), "PoweringOff");
    await clock.advance(100);
    assert.equal(await power(), "On");
    await reset("GracefulShutdown");
    await clock.advance(100);
    assert.equal(await power(), "On", "nothing runs on it that would shut it down");
    await reset("ForceOff");
    await clock.advance(100);
    assert.equal(await power(), "Off");
    const counters = await (await ask(`/redfish/v1/Systems${SIMULATE}`)).json();
    assert.deepEqual(counters, { powerOn: 2, powerOff: 2, resets: 2 });
  });
});

test("simulator lets what is asked for last win over what is under way", async () => {
  await withApp(async (ask, clock) => {
    for (const type of ["On", "ForceOff", "On", "ForceOff"]) {
      await ask(`/redfish/v1/Systems${RESET}`, JSON.stringify({ ResetType: type }));
    }
    await clock.advance(500);
    assert.equal((await (await ask("/redfish/v1/Systems/n1")).json()).PowerState, "Off");
  }, { resetDelay: { min: 100, mode: 100, max: 100 } });
});

test("simulator fails resets when it is told to, and by chance", async () => {
  await withApp(async (ask) => {
    const reset = async () => (await ask(`/redfish/v1/Systems${RESET}`, '{"ResetType":"On"}')).status;
    await ask(`/redfish/v1/Systems${SIMULATE}`, '{"fail":2}');
    assert.deepEqual([await reset(), await reset(), await reset()], [500, 500, 204]);
  });
  await withApp(async (ask) => {
    const statuses = new Set<number>();
    for (let count = 0; count < 64; count++) {
      statuses.add((await ask(`/redfish/v1/Systems${RESET}`, '{"ResetType":"On"}')).status);
    }
    assert.deepEqual([...statuses].sort(), [204, 500]);
  }, { failProbability: 0.5 });
});

test("simulator starts the agent with its identity, after power on and the boot delay", async () => {
  await withFolder(async (folder) => {
    await withSimulator(folder, quickConfig(folder, { agentArgs: ["--extra"] }), async (simulator) => {
      assert.equal((await simulator.ask(RESET, { ResetType: "On" })).status, 204);
      await until(async () => assert.equal(await simulator.power("n1"), "On"));
      await until(() => assert.equal(simulator.machineProcesses().length, 1));
      const log = join(folder, "machines/n1/agent.log");
      await until(() => assert.match(readFileSync(log, "utf8"), /\n$/));
      assert.equal(
        readFileSync(log, "utf8"),
        "--id 11111111-1111-4111-8111-111111111111 --name n1 --cluster test " +
          "--parent 22222222-2222-4222-8222-222222222222 " +
          `--run-dir ${join(folder, "machines/n1")} --extra\n`,
      );
      // The broker's URL may have a password in it: it is not on the command line.
      const pidFile = join(folder, "machines/n1/agent.pid");
      await until(() => assert.match(readFileSync(pidFile, "utf8"), /^\d+\n$/));
      const pid = readFileSync(pidFile, "utf8").trim();
      assert.match(readFileSync(`/proc/${pid}/environ`, "utf8"), /KRAKEN_BROKER=mqtt:\/\/127\.0\.0\.1:1\0/);
    });
  });
});

test("simulator kills the whole machine on power off: grandchildren in sessions of their own, and its memory", async () => {
  await withFolder(async (folder) => {
    const script = "setsid sleep 600 & (setsid setsid sleep 600 &); trap '' TERM; sleep 600; sleep 600";
    const agent = { command: ["sh", "-c", script], env: {} };
    await withSimulator(folder, quickConfig(folder, { agent }), async (simulator) => {
      await simulator.ask(RESET, { ResetType: "On" });
      await until(() => assert.equal(simulator.machineProcesses().length, 4));
      writeFileSync(join(folder, "machines/n1/memory"), "gone with the power");
      await simulator.ask(RESET, { ResetType: "ForceOff" });
      await until(async () => assert.equal(await simulator.power("n1"), "Off"));
      assert.deepEqual(simulator.machineProcesses(), []);
      await simulator.ask(RESET, { ResetType: "On" });
      await until(() => assert.equal(simulator.machineProcesses().length, 4));
      assert.throws(() => readFileSync(join(folder, "machines/n1/memory")), { code: "ENOENT" });
    });
  });
});

test("simulator leaves the power on when the agent ends by itself", async () => {
  await withFolder(async (folder) => {
    await withSimulator(folder, quickConfig(folder), async (simulator) => {
      await simulator.ask(RESET, { ResetType: "On" });
      await until(() => assert.equal(simulator.machineProcesses().length, 1));
      const [agent = 0] = simulator.machineProcesses();
      process.kill(agent, "SIGKILL");
      await until(() => assert.deepEqual(simulator.machineProcesses(), []));
      assert.equal(await simulator.power("n1"), "On");
    });
  });
});

test("simulator hangs a boot when it is told to: power is on, no agent comes", async () => {
  await withFolder(async (folder) => {
    const other = { name: "n2", id: "33333333-3333-4333-8333-333333333333" };
    const config = quickConfig(folder);
    await withSimulator(folder, { ...config, systems: [...config.systems, other] }, async (simulator) => {
      await simulator.ask(SIMULATE, { hang: true });
      await simulator.ask(RESET, { ResetType: "On" });
      await until(async () => assert.equal(await simulator.power("n1"), "On"));
      // The other machine's boot, begun after this one's should have ended, shows that enough time has gone by.
      await simulator.ask("/n2/Actions/ComputerSystem.Reset", { ResetType: "On" });
      await until(() => assert.equal(simulator.machineProcesses().length, 1));
      await simulator.ask(SIMULATE, { hang: false });
      await simulator.ask(RESET, { ResetType: "ForceRestart" });
      await until(() => assert.equal(simulator.machineProcesses().length, 2));
    });
  });
});

test("simulator powers everything off and ends with 0 on SIGTERM and on SIGINT", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    await withFolder(async (folder) => {
      const simulator = await startSimulator(folder, quickConfig(folder));
      await simulator.ask(RESET, { ResetType: "On" });
      await until(() => assert.equal(simulator.machineProcesses().length, 1));
      assert.equal(await simulator.end(signal), 0);
      assert.deepEqual(simulator.machineProcesses(), []);
    });
  }
});

test("simulator that is killed takes its agents with it, and the next one whatever else was left", async () => {
  await withFolder(async (folder) => {
    const agent = { command: ["sh", "-c", "setsid sleep 600 & exec sleep 600"], env: {} };
    const first = await startSimulator(folder, quickConfig(folder, { agent }));
    await first.ask(RESET, { ResetType: "On" });
    await until(() => assert.equal(first.machineProcesses().length, 2));
    await first.end("SIGKILL");
    await until(() => assert.equal(first.machineProcesses().length, 1));
    await withSimulator(folder, quickConfig(folder, { agent }), async (second) => {
      assert.deepEqual(first.machineProcesses(), []);
      assert.equal(await second.power("n1"), "Off");
    });
  });
});

test("simulator says what is wrong with its command line, its config and its port", async () => {
  await withFolder(async (folder) => {
    assert.match((await runSimulator([])).stderr, /^kraken-simulator: Option '--config' is missing/);
    const file = join(folder, "config.json");
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, JSON.stringify({ ...quickConfig(folder), parent: "me" }));
    const bad = await runSimulator(["--config", file]);
    assert.equal(bad.code, 2);
    assert.match(bad.stderr, /The simulator's config does not fit: parent: Expected a UUID in lower case\n$/);
    await withSimulator(folder, quickConfig(folder), async ({ endpoint }) => {
      const { port } = new URL(endpoint);
      const busy = await runSimulator(["--config", join(folder, "simulator.json"), "--port", port]);
      assert.equal(busy.code, 1);
      assert.match(busy.stderr, new RegExp(`Cannot listen on 127.0.0.1:${port} as the port is in use`));
    });
  });
});

test("parseSimulatorConfig() names every field that is wrong", () => {
  const good = quickConfig("/tmp/x");
  assert.deepEqual(parseSimulatorConfig(good), good);
  const bad = {
    ...good,
    seed: -1,
    bootDelay: { min: 3, mode: 2, max: 1 },
    systems: [...good.systems, ...good.systems],
  };
  assert.throws(() => parseSimulatorConfig(bad), {
    name: "TypeError",
    message: /systems: Expected unique names.*seed: .*bootDelay: Expected min <= mode <= max/,
  });
});

test("triangular() stays within its limits, and a seed gives the same numbers again", () => {
  const covered = createCoverage("triangular()", ["a point", "mode at an end", "mode within"], 0.02);
  const number = fc.oneof(fc.nat(1e5), fc.nat(1));
  fc.assert(
    fc.property(fc.tuple(number, number, number), fc.nat(), (numbers, seed) => {
      const [min = 0, mode = 0, max = 0] = [...numbers].sort((a, b) => a - b);
      covered.saw(min === max ? "a point" : mode === min || mode === max ? "mode at an end" : "mode within");
      const first = seededRandom(seed);
      const second = seededRandom(seed);
      for (let count = 0; count < 20; count++) {
        const value = triangular({ min, mode, max }, first);
        assert.ok(value >= min - 1e-9 && value <= max + 1e-9);
        assert.equal(triangular({ min, mode, max }, second), value);
      }
    }),
    { numRuns: 300 },
  );
  covered.check();
});

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { createSimpowerModule } from "../../modules/simpower/module.ts";
import { createConcurrency } from "../../modules/power/limit.ts";
import type { Value } from "../../src/state/mod.ts";
import { withFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { type HostedForTest, hostForTest, type TestNode, testNode } from "./module_fixture.ts";
import { quickConfig, type TestSimulator, withSimulator } from "./simulator_fixture.ts";

const SIM: { readonly [url: string]: Value } = { "/platform": "sim" };

interface Bench extends HostedForTest {
  readonly simulator: TestSimulator;
  readonly node: TestNode;
  simulate(faults: { hang?: boolean; fail?: number }): Promise<void>;
  counters(): Promise<unknown>;
}

/** Gives a test the module with the node `n1`, and a real simulator for it. */
async function withPower(
  run: (bench: Bench) => Promise<void>,
  options: { readonly poll?: number; readonly config?: Parameters<typeof quickConfig>[1] } = {},
): Promise<void> {
  await withFolder(async (folder) => {
    await withSimulator(folder, quickConfig(folder, options.config), async (simulator) => {
      const { node, own } = nodesFor(simulator.endpoint, options.poll ?? 3_600_000);
      const hosted = await hostForTest(createSimpowerModule(), [node], { role: "parent", own });
      try {
        await run({
          ...hosted,
          simulator,
          node,
          simulate: async (faults) => void (await simulator.ask("/n1/Oem/Kraken.Simulate", faults)),
          counters: async () => (await simulator.ask("/n1/Oem/Kraken.Simulate")).body,
        });
      } finally {
        await hosted.host.stop();
      }
    });
  });
}

function nodesFor(endpoint: string, poll: number): { node: TestNode; own: TestNode } {
  const node = testNode("n1", SIM);
  node.view.set("/platform", "sim");
  return { node, own: testNode("root", { "/services/simpower/config": { endpoint, poll } }) };
}

test("simpower finds out the power of a node, whichever was hoped for", async () => {
  await withPower(async ({ run, node, simulator }) => {
    await run("find-on");
    assert.equal(node.view.get("/physState"), "POWER_OFF");
    await simulator.ask("/n1/Actions/ComputerSystem.Reset", { ResetType: "On" });
    await run("find-off");
    assert.equal(node.view.get("/physState"), "POWER_ON");
  });
});

test("simpower power-on and power-off are done when the controller says so", async () => {
  const slow = { resetDelay: { min: 300, mode: 300, max: 300 } };
  await withPower(async ({ run, node, simulator, counters, history }) => {
    node.view.set("/physState", "POWER_OFF");
    const switching = run("power-on");
    await until(async () => assert.equal(await simulator.power("n1"), "PoweringOn"));
    assert.equal(node.view.get("/physState"), "POWER_OFF");
    await switching;
    assert.equal(await simulator.power("n1"), "On");
    assert.equal(node.view.get("/physState"), "POWER_ON");
    await until(() => assert.equal(simulator.machineProcesses().length, 1));
    await run("power-off");
    assert.equal(node.view.get("/physState"), "POWER_OFF");
    assert.deepEqual(simulator.machineProcesses(), []);
    assert.deepEqual(await counters(), { powerOn: 1, powerOff: 1, resets: 0 });
    const states = history.filter((entry) => entry.includes("physState"));
    assert.deepEqual(states, ["n1/physState=POWER_ON", "n1/physState=POWER_OFF"]);
  }, { config: slow });
});

test("simpower asks for nothing when the machine already is as wanted", async () => {
  await withPower(async ({ run, node, counters }) => {
    await run("power-off");
    assert.equal(node.view.get("/physState"), "POWER_OFF");
    assert.deepEqual(await counters(), { powerOn: 0, powerOff: 0, resets: 0 });
  });
});

test("simpower reset-hang powers a machine off that hangs", async () => {
  await withPower(async ({ run, node, simulate }) => {
    await simulate({ hang: true });
    await run("power-on");
    node.view.set("/physState", "PHYS_HANG");
    await run("reset-hang");
    assert.equal(node.view.get("/physState"), "POWER_OFF");
  });
});

test("simpower orders again what the controller failed, says what it said, and takes no machine to hang for that", async () => {
  await withPower(async ({ run, simulate, node, history }) => {
    await simulate({ fail: 1 });
    await run("power-on");
    await simulate({ fail: 100 });
    await assert.rejects(run("power-off"), {
      name: "DeclinedError",
      message: /POST http:.*\/Systems\/n1\/Actions\/ComputerSystem.Reset failed: status 500 \(The controller failed/,
    });
    assert.equal(node.view.get("/physState"), "POWER_ON");
    assert.ok(!history.some((entry) => entry.includes("PHYS_HANG")));
  });
});

test("simpower stops waiting when its mutation is aborted", async () => {
  const endless = { resetDelay: { min: 60_000, mode: 60_000, max: 60_000 } };
  await withPower(async ({ run, simulator }) => {
    const controller = new AbortController();
    const switching = run("power-on", {}, controller.signal);
    await until(async () => assert.equal(await simulator.power("n1"), "PoweringOn"));
    controller.abort(new Error("Not wanted"));
    await assert.rejects(switching, /Not wanted/);
  }, { config: endless });
});

test("simpower polls: it sees power that changes without its doing", async () => {
  await withPower(async ({ until, simulator, history }) => {
    await until("/physState", "POWER_OFF");
    await simulator.ask("/n1/Actions/ComputerSystem.Reset", { ResetType: "On" });
    await until("/physState", "POWER_ON");
    await simulator.ask("/n1/Actions/ComputerSystem.Reset", { ResetType: "ForceOff" });
    await until("/physState", "POWER_OFF");
    const states = history.filter((entry) => entry.includes("physState"));
    assert.equal(states.length, 3, "what stays is not stated again");
  }, { poll: 50 });
});

/** Counts the GETs of the module on a clock that the test moves, with controllers that the test plays. */
async function withPlayedController(
  answer: (url: URL) => Response | Promise<Response>,
  run: (
    bench: HostedForTest & { clock: ReturnType<typeof createVirtualClock>; node: TestNode; asked: string[] },
  ) => Promise<void>,
  cfg: { readonly [url: string]: Value } = {},
): Promise<void> {
  const { node, own } = nodesFor("http://bmc.test/", 1_000);
  for (const [url, value] of Object.entries(cfg)) node.cfg.set(url, value);
  const clock = createVirtualClock();
  const asked: string[] = [];
  const played: typeof fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    asked.push(`${init?.method} ${url}`);
    init?.signal?.throwIfAborted();
    return await Promise.race([
      Promise.resolve(answer(url)),
      new Promise<never>((_resolve, reject) => {
        init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
      }),
    ]);
  };
  const hosted = await hostForTest(createSimpowerModule({ exchange: played }), [node], { role: "parent", own, clock });
  try {
    await run({ ...hosted, clock, node, asked });
  } finally {
    await hosted.host.stop();
    assert.equal(clock.waiting, 0, "no timer may be left");
  }
}

test("simpower keeps PHYS_HANG while the controller says On, and gives it up for Off", async () => {
  let power = "On";
  await withPlayedController(() => Response.json({ PowerState: power }), async ({ node, clock, asked }) => {
    node.view.set("/physState", "PHYS_HANG");
    await clock.advance(5_000);
    assert.ok(asked.length >= 3);
    assert.equal(node.view.get("/physState"), "PHYS_HANG");
    power = "PoweringOff";
    await clock.advance(5_000);
    assert.equal(node.view.get("/physState"), "PHYS_HANG");
    power = "Off";
    await clock.advance(2_000);
    assert.equal(node.view.get("/physState"), "POWER_OFF");
  });
});

test("simpower lets no poll from before a power action overwrite what the action found", async () => {
  const held: ((response: Response) => void)[] = [];
  let power = "Off";
  let acting = false;
  function answer(url: URL): Response | Promise<Response> {
    if (!acting) return new Promise((resolve) => void held.push(resolve));
    if (!url.pathname.endsWith("Reset")) return Response.json({ PowerState: power });
    power = "On";
    return new Response(null, { status: 204 });
  }
  await withPlayedController(answer, async ({ run, clock, node, asked }) => {
    await clock.advance(1_000);
    assert.equal(held.length, 1);
    acting = true;
    await run("power-on");
    assert.equal(node.view.get("/physState"), "POWER_ON");
    held[0]?.(Response.json({ PowerState: "Off" }));
    await clock.advance(0);
    assert.equal(node.view.get("/physState"), "POWER_ON");
    assert.equal(asked.length, 4, "polling rested");
  });
});

test("simpower leaves the power of a node as it was while its controller does not answer, and goes on asking", async () => {
  let silent = true;
  const answer = () => silent ? new Promise<Response>(() => {}) : Response.json({ PowerState: "Off" });
  await withPlayedController(answer, async ({ node, clock, asked, run }) => {
    node.view.set("/physState", "POWER_ON");
    await clock.advance(30_000);
    assert.ok(asked.length >= 4 && asked.length <= 6, `one request at a time, 5 s each: ${asked.length}`);
    assert.equal(node.view.get("/physState"), "POWER_ON");
    const failing = assert.rejects(run("power-off"), /GET http:\/\/bmc.test\/.*\/n1 failed: no answer in 5000 ms/);
    await clock.advance(5_000);
    await failing;
    silent = false;
    await clock.advance(8_000);
    assert.equal(node.view.get("/physState"), "POWER_OFF");
  });
});

test("simpower refuses answers that are too large, no JSON or not a ComputerSystem", async () => {
  const answers: [() => Response, RegExp][] = [
    [() => new Response("x".repeat(257 * 1024)), /the answer is larger than 262144 bytes/],
    [() => new Response("<html>"), /the answer is a web page/],
    [() => new Response("ready"), /the answer is no JSON object/],
    [() => Response.json({ PowerState: 1 }), /the answer has no 'PowerState'/],
    [() => new Response("", { status: 500 }), /status 500/],
  ];
  for (const [answer, message] of answers) {
    await withPlayedController(answer, async ({ run }) => await assert.rejects(run("find-on"), message));
  }
});

test("simpower takes the address and the reset target that it is given, but no target on another host", async () => {
  const system = (target: string) =>
    Response.json({ PowerState: "Off", Actions: { "#ComputerSystem.Reset": { target } } });
  for (
    const [target, expected] of [
      ["/redfish/v1/Systems/7/Actions/Go", "http://10.0.0.7/redfish/v1/Systems/7/Actions/Go"],
      ["http://elsewhere.test/go", "http://10.0.0.7/redfish/v1/Systems/7/Actions/ComputerSystem.Reset"],
    ] as const
  ) {
    await withPlayedController(() => system(target), async ({ run, asked }) => {
      const controller = new AbortController();
      const switching = run("power-on", {}, controller.signal);
      await until(() => assert.equal(asked[1], `POST ${expected}`));
      controller.abort(new Error("Enough"));
      await assert.rejects(switching, /Enough/);
    }, { "/bmc/address": "http://10.0.0.7/redfish/v1/Systems/7" });
  }
});

test("simpower gives up for good on a node without a controller, or with an address that is none", async () => {
  await withFolder(async () => {
    const { node } = nodesFor("", 1000);
    const hosted = await hostForTest(createSimpowerModule(), [node], { role: "parent", own: testNode("root") });
    await assert.rejects(hosted.run("power-on"), {
      name: "MistakeError",
      message: /'n1' has no controller: set its '\/bmc\/address' to a URL/,
    });
    hosted.set("/bmc/address", "file:///etc/passwd");
    await assert.rejects(hosted.run("power-on"), {
      name: "MistakeError",
      message: /'file:\/\/\/etc\/passwd': expected a host, or an http or https URL/,
    });
    await hosted.host.stop();
  });
});

test("simpower leaves nodes of other platforms alone, and takes them up when that changes", async () => {
  await withPlayedController(
    () => Response.json({ PowerState: "Off" }),
    async ({ node, clock, asked, host, run }) => {
      node.cfg.set("/platform", "other");
      host.changed(node.id);
      await clock.advance(10_000);
      assert.deepEqual(asked, []);
      await assert.rejects(run("power-on"), /'n1' as its \/platform is not 'sim'/);
      node.cfg.set("/platform", "sim");
      host.changed(node.id);
      await clock.advance(2_000);
      assert.ok(asked.length > 0);
    },
  );
});

test("simpower has at most 32 requests in flight", async () => {
  const clock = createVirtualClock();
  const nodes = Array.from({ length: 100 }, (_, index) => {
    const node = testNode(`n${index}`, SIM);
    node.view.set("/platform", "sim");
    return node;
  });
  const own = testNode("root", { "/services/simpower/config": { endpoint: "http://bmc.test", poll: 1_000 } });
  const answers: (() => void)[] = [];
  let most = 0;
  let total = 0;
  const played: typeof fetch = () =>
    new Promise((resolve) => {
      answers.push(() => resolve(Response.json({ PowerState: "Off" })));
      total++;
      most = Math.max(most, answers.length);
    });
  const hosted = await hostForTest(createSimpowerModule({ exchange: played }), nodes, { role: "parent", own, clock });
  await clock.advance(1_000);
  assert.equal(total, 32);
  while (total < 100) {
    answers.shift()?.();
    await clock.advance(0);
  }
  assert.equal(most, 32);
  await hosted.host.stop();
});

test("createLimit() gives a place to the next in line when work fails or leaves the line", async () => {
  const limit = createConcurrency(1);
  const never = new AbortController().signal;
  const leaving = new AbortController();
  const done: string[] = [];
  const first = limit.run(() => Promise.reject(new Error("Broken")), { signal: never, urgent: false });
  const second = limit.run(async () => void done.push("second"), { signal: leaving.signal, urgent: false });
  const third = limit.run(async () => void done.push("third"), { signal: never, urgent: false });
  leaving.abort(new Error("Left"));
  await assert.rejects(first, /Broken/);
  await assert.rejects(second, /Left/);
  await third;
  assert.deepEqual(done, ["third"]);
});

test("simpower sees a machine whose agent was killed as still on", async () => {
  await withPower(async ({ run, simulator, node }) => {
    await run("power-on");
    await until(() => assert.equal(simulator.machineProcesses().length, 1));
    const [agent = 0] = simulator.machineProcesses();
    process.kill(agent, "SIGKILL");
    await until(() => assert.deepEqual(simulator.machineProcesses(), []));
    await run("find-on");
    assert.equal(node.view.get("/physState"), "POWER_ON");
  });
});

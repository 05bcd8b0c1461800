import assert from "node:assert/strict";
import { test } from "node:test";
import { createConcurrency, type PowerChange } from "../../modules/power/mod.ts";
import { createRedfishClient } from "../../modules/redfish/client.ts";
import type { Exchange } from "../../modules/redfish/exchange.ts";
import { lookAtTask, order } from "../../modules/redfish/orders.ts";
import { createOwnNames } from "../../modules/redfish/own_names.ts";
import { createRequests } from "../../modules/redfish/requests.ts";
import { readSystem } from "../../modules/redfish/resources.ts";
import { createSessions } from "../../modules/redfish/sessions.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { type Asked, members, one, type Resources, ROOT, SYSTEMS, withBmc } from "./redfish_played.ts";

const SYSTEM = "/redfish/v1/Systems/1";
const RESET = `${SYSTEM}/Actions/ComputerSystem.Reset`;
const done = () => new Response(null, { status: 204 });

type Answer = (type: string) => Response;

/** Gives orders to a BMC whose system is this, which answers them so; `info` is its ActionInfo. */
function bench(
  system: object,
  answer: Answer,
  { info = () => Response.json({}, { status: 404 }), power = "Off", path = SYSTEM } = {},
) {
  const clock = createVirtualClock();
  const names = createOwnNames();
  const posted: string[] = [];
  const exchange: Exchange = async (url, { method, body = "" }) => {
    if (method === "POST") {
      const { ResetType }: { ResetType: string } = JSON.parse(body);
      posted.push(`${url.pathname} ${ResetType}`);
      return answer(ResetType);
    }
    return url.pathname === "/info" ? info() : Response.json({ PowerState: power });
  };
  const requests = createRequests({ clock, names, patience: 30_000, limit: createConcurrency(32) });
  const sessions = createSessions({ requests, farewells: requests, clock, names });
  const client = createRedfishClient({ requests, sessions, clock, names });
  const root = new URL("http://bmc.test/redfish/v1/");
  const access = { root, exchange, auth: "basic", credentials: () => undefined, identity: () => "" } as const;
  const ask = { signal: new AbortController().signal, urgent: true };
  const reading = readSystem({ PowerState: "Off", ...system });
  assert.ok(reading !== undefined);
  return {
    posted,
    async order(change: PowerChange) {
      let isOver = false;
      const ordering = order(change, { access, system: new URL(path, root), reading, ask }, client);
      const settled = ordering.finally(() => isOver = true);
      settled.catch(() => {});
      await clock.runUntil(() => isOver, 300_000);
      return await settled;
    },
  };
}

function listed(...types: readonly string[]): object {
  return { Actions: { "#ComputerSystem.Reset": { "ResetType@Redfish.AllowableValues": types } } };
}

function refusal(status: number, message: string, id?: string): Response {
  const more = id === undefined ? {} : { "@Message.ExtendedInfo": [{ MessageId: id, Message: message }] };
  return Response.json({ error: { message, ...more } }, { status });
}

const unknown = () => refusal(400, "Not known", "Base.1.8.ActionParameterNotSupported");

test("an order is posted to the system's Reset, by its own URI or the usual one", async () => {
  const cases: [system: object, path: string, target: string][] = [
    [{}, SYSTEM, RESET],
    [{}, `${SYSTEM}/`, RESET],
    [{ Actions: { "#ComputerSystem.Reset": { target: "/redfish/v1/Other" } } }, SYSTEM, "/redfish/v1/Other"],
    [{ Actions: { "#ComputerSystem.Reset": { target: "https://evil.test/x" } } }, SYSTEM, RESET],
    [{ Actions: { "#Chassis.Reset": {} } }, SYSTEM, `${SYSTEM}/Actions/Chassis.Reset`],
  ];
  for (const [system, path, target] of cases) {
    const { order, posted } = bench(system, done, { path });
    assert.deepEqual(await order("on"), { outcome: { kind: "taken" } });
    assert.deepEqual(posted, [`${target} On`]);
  }
});

test("an order that becomes a task is taken with it, as long as that is not over", async () => {
  const accepted = (body: object | null, headers: { [name: string]: string } = {}) => () =>
    new Response(body === null ? null : JSON.stringify(body), { status: 202, headers });
  const taken = { outcome: { kind: "taken" } };
  const cases: [answer: Answer, ordering: object][] = [
    [accepted({ "@odata.id": "/task", TaskState: "Running" }), { ...taken, task: "/task" }],
    [accepted({ "@odata.id": "/task" }), { ...taken, task: "/task" }],
    [accepted(null, { location: "/task" }), { ...taken, task: "/task" }],
    [accepted({ TaskState: "Running" }, { location: "/task" }), { ...taken, task: "/task" }],
    [accepted(null), taken],
    [accepted({ "@odata.id": 7 }), taken],
    [accepted({ "@odata.id": "/task", TaskState: "Completed" }), taken],
    [() => Response.json({ "@odata.id": "/task", TaskState: "Running" }), taken],
    [() => Response.json({ TaskState: "Exception" }), taken],
    [accepted({ "@odata.id": "/task", TaskState: "Exception" }), {
      outcome: { kind: "refused", said: "TaskState Exception" },
    }],
  ];
  for (const [answer, ordering] of cases) assert.deepEqual(await bench({}, answer).order("on"), ordering);
});

test("the next way is taken where a BMC does not know one, and what it says of the last is a refusal of force alone", async () => {
  const cases: [change: PowerChange, types: string[], kind: string][] = [
    ["on", ["On", "ForceOn"], "refused"],
    ["off", ["ForceOff"], "refused"],
    ["shutdown", ["GracefulShutdown"], "unsupported"],
    ["restart", ["ForceRestart"], "unsupported"],
    ["interrupt", ["Nmi"], "unsupported"],
  ];
  for (const [change, types, kind] of cases) {
    const { order, posted } = bench(listed(...types), unknown);
    const { outcome } = await order(change);
    assert.equal(outcome.kind, kind, change);
    if (outcome.kind === "refused") assert.match(outcome.said, /status 400 \(Not known\)/);
    assert.deepEqual(posted, types.map((type) => `${RESET} ${type}`));
  }
  const { order, posted } = bench(listed("ForceOff"), done);
  assert.deepEqual([await order("shutdown"), posted], [{ outcome: { kind: "unsupported" } }, []]);
});

test("a refusal is told by its words and status, and ends the order", async () => {
  const cases: [answer: () => Response, kind: string][] = [
    [() => refusal(400, "The system is already on"), "already"],
    [() => refusal(409, "x"), "later"],
    [() => refusal(429, "x"), "later"],
    [() => refusal(503, "x"), "later"],
    [() => refusal(400, "Initialization of the BMC"), "later"],
    [() => refusal(400, "BMC not ready"), "later"],
    [() => refusal(400, "A reset is in progress"), "later"],
    [() => refusal(400, "Busy"), "later"],
    [() => refusal(400, "The resource is in use"), "later"],
    [() => refusal(400, "Try again"), "later"],
    [() => refusal(400, "Come later"), "later"],
    [() => refusal(400, "Not in its present state"), "later"],
    [() => refusal(400, "Not in its current state"), "later"],
    [() => refusal(400, "No"), "refused"],
    [() => refusal(500, "No"), "refused"],
    [() => refusal(403, "No"), "refused"],
  ];
  for (const [answer, kind] of cases) {
    const { order, posted } = bench(listed("On", "ForceOn"), answer);
    const { outcome } = await order("on");
    assert.equal(outcome.kind, kind, await answer().text());
    assert.ok(new Set(posted).size === 1, "no other way is tried");
  }
});

test("the power button, which is a toggle, is pressed while a machine is off alone", async () => {
  const button = listed("PushPowerButton");
  for (const [power, kind, presses] of [["Off", "taken", 1], ["On", "taken", 0], ["PoweringOn", "taken", 0]] as const) {
    const { order, posted } = bench(button, done, { power });
    assert.equal((await order("on")).outcome.kind, kind);
    assert.equal(posted.length, presses, power);
  }
  const unsure = bench(button, done, { power: "Paused" });
  await assert.rejects(unsure.order("on"), {
    name: "UnavailableError",
    message: /Cannot press the power button of http.*Systems\/1/,
  });
  assert.deepEqual(unsure.posted, []);
  const { posted, order } = bench(listed("On"), done, { power: "Paused" });
  await order("on");
  assert.equal(posted.length, 1, "other orders need no look");
});

const WITH_INFO = { Actions: { "#ComputerSystem.Reset": { "@Redfish.ActionInfo": "/info" } } };
const info = (types: readonly string[]) => () =>
  Response.json({ Parameters: [{ Name: "ResetType", AllowableValues: types }] });

test("what a BMC takes is read from its ActionInfo where it lists nothing itself", async () => {
  const empty = {
    Actions: { "#ComputerSystem.Reset": { "@Redfish.ActionInfo": "/info", "ResetType@Redfish.AllowableValues": [] } },
  };
  for (const system of [WITH_INFO, empty]) {
    const { order, posted } = bench(system, done, { info: info(["ForceOn"]) });
    await order("on");
    assert.deepEqual(posted, [`${RESET} ForceOn`]);
  }
  const own = {
    Actions: {
      "#ComputerSystem.Reset": { "@Redfish.ActionInfo": "/info", "ResetType@Redfish.AllowableValues": ["On"] },
    },
  };
  const { order, posted } = bench(own, done, { info: info(["ForceOn"]) });
  await order("on");
  assert.deepEqual(posted, [`${RESET} On`]);
});

test("a list that a BMC has not makes room for the usual way, and one that can't be read proves nothing", async () => {
  const missing = bench(WITH_INFO, unknown);
  assert.deepEqual((await missing.order("shutdown")).outcome, { kind: "unsupported" });
  const silent = () => Response.json({}, { status: 500 });
  const silentShutdown = bench(WITH_INFO, unknown, { info: silent });
  const { outcome } = await silentShutdown.order("shutdown");
  assert.ok(outcome.kind === "later" && /\/info failed: status 500/.test(outcome.said));
  assert.deepEqual(silentShutdown.posted, [`${RESET} GracefulShutdown`]);
  assert.deepEqual((await bench(WITH_INFO, unknown, { info: silent }).order("restart")).outcome, {
    kind: "unsupported",
  });
  assert.deepEqual((await bench(WITH_INFO, done, { info: silent }).order("shutdown")).outcome, { kind: "taken" });
});

test("a task is followed while it runs or can't be read at the moment, and over with its words when it failed", async () => {
  const cases: [answer: () => Response, found: object][] = [
    [() => Response.json({ TaskState: "Running" }), { runs: true }],
    [() => Response.json({ TaskState: "Completed" }), { runs: false }],
    [() => Response.json({ TaskState: "Killed" }), { runs: false, failed: "TaskState Killed" }],
    [() => Response.json({}), { runs: false }],
    [() => Response.json({}, { status: 404 }), { runs: false }],
    [() => Response.json({}, { status: 500 }), { runs: true }],
  ];
  for (const [answer, found] of cases) {
    const clock = createVirtualClock();
    const names = createOwnNames();
    const requests = createRequests({ clock, names, patience: 30_000, limit: createConcurrency(32) });
    const sessions = createSessions({ requests, farewells: requests, clock, names });
    const client = createRedfishClient({ requests, sessions, clock, names });
    const access = {
      ...{ root: new URL("http://bmc.test/redfish/v1/"), exchange: async () => answer(), auth: "basic" as const },
      ...{ credentials: () => undefined, identity: () => "" },
    };
    const ended = new AbortController();
    const how = { access, ask: { signal: ended.signal, urgent: true } };
    assert.deepEqual(await lookAtTask("/task", how, client), found);
    ended.abort(new Error("Not wanted"));
    await assert.rejects(lookAtTask("/task", how, client), /Not wanted/);
  }
});

/** A BMC whose system has no LED, and of whose chassis the one at this place has one that is off. */
function lit(
  place: number,
  patch: (body: object) => Response = done,
): { readonly resources: Resources; readonly patched: unknown[] } {
  const chassis = [0, 1, 2, 3, 4].map((each) => `/redfish/v1/Chassis/${each}`);
  const patched: unknown[] = [];
  let led: unknown = "Off";
  const system = { PowerState: "Off", Links: { Chassis: chassis.map((uri) => ({ "@odata.id": uri })) } };
  const resources: Resources = { ...one(system, done), ...Object.fromEntries(chassis.map((uri) => [uri, {}])) };
  resources[chassis[place] ?? ""] = ({ method, body }: Asked) => {
    if (method === "GET") return Response.json({ IndicatorLED: led });
    const asked = JSON.parse(body);
    patched.push(asked);
    const answer = patch(asked);
    if (answer.ok) led = asked.IndicatorLED;
    return answer;
  };
  return { resources, patched };
}

test("redfish looks for an identify LED in the system and in its first four chassis", async () => {
  for (const [place, there] of [[0, true], [3, true], [4, false]] as const) {
    const { resources, patched } = lit(place);
    await withBmc(resources, async ({ go, nodes: [node] }) => {
      if (!there) {
        return await assert.rejects(go("led-first-on"), { name: "MistakeError", message: /has no identify LED/ });
      }
      await go("led-first-on");
      assert.deepEqual([patched, node?.view.get("/bmc/led")], [[{ IndicatorLED: "Lit" }], "ON"]);
    });
  }
});

test("redfish turns no identify LED that is as it should be", async () => {
  const { resources, patched } = lit(0);
  await withBmc(resources, async ({ go, nodes: [node] }) => {
    await go("led-first-off");
    assert.deepEqual([patched, node?.view.get("/bmc/led")], [[], "OFF"]);
  });
});

test("redfish names what else an identify LED may know where it does not know one, and nothing beside off", async () => {
  const cases = [
    { mutation: "led-first-on", words: /may only know BLINKING and OFF/ },
    { mutation: "led-first-blink", words: /may only know ON and OFF/ },
  ];
  for (const { mutation, words } of cases) {
    const { resources } = lit(0, () => unknown());
    await withBmc(
      resources,
      async ({ go }) => await assert.rejects(go(mutation), { name: "MistakeError", message: words }),
    );
    const other = lit(0, () => refusal(400, "No"));
    await withBmc(other.resources, async ({ go }) => {
      await assert.rejects(
        go(mutation),
        (error: Error) => /\(No\)/.test(error.message) && !/may only know/.test(error.message),
      );
    });
  }
  const { resources } = lit(0, ({ ...body }) => JSON.stringify(body).includes("Off") ? unknown() : done());
  await withBmc(resources, async ({ go }) => {
    await go("led-first-on");
    await assert.rejects(
      go("led-off"),
      (error: Error) => /\(Not known\)/.test(error.message) && !/may only know/.test(error.message),
    );
  });
});

test("redfish looks five times, a second apart, whether an identify LED is as it was ordered", async () => {
  const resources: Resources = { "/redfish/v1": ROOT, [SYSTEMS]: members("n1") };
  let looks = 0;
  resources[`${SYSTEMS}/n1`] = ({ method }: Asked) =>
    method === "GET" ? Response.json({ PowerState: "Off", IndicatorLED: ++looks > 4 ? "Lit" : "Off" }) : done();
  await withBmc(resources, async ({ go, clock }) => {
    const from = clock.now();
    await go("led-first-on");
    assert.ok(clock.now() - from >= 1_000 && clock.now() - from <= 4_000, String(clock.now() - from));
  });
  resources[`${SYSTEMS}/n1`] = ({ method }: Asked) =>
    method === "GET" ? Response.json({ PowerState: "Off", IndicatorLED: "Off" }) : done();
  await withBmc(resources, async ({ go, clock }) => {
    const from = clock.now();
    await assert.rejects(go("led-first-on"), { name: "DeclinedError", message: /says that it is OFF/ });
    assert.equal(clock.now() - from, 4_000);
  });
});

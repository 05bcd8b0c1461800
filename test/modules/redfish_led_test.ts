import assert from "node:assert/strict";
import { test } from "node:test";
import { createConcurrency, type Led } from "../../modules/power/mod.ts";
import { createRedfishClient } from "../../modules/redfish/client.ts";
import type { Exchange } from "../../modules/redfish/exchange.ts";
import { turnLed } from "../../modules/redfish/led.ts";
import { createOwnNames } from "../../modules/redfish/own_names.ts";
import { createRequests } from "../../modules/redfish/requests.ts";
import { type Access, createSessions } from "../../modules/redfish/sessions.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

const SYSTEM = "/redfish/v1/Systems/1";
const CHASSIS = [1, 2, 3, 4, 5].map((each) => `/redfish/v1/Chassis/${each}`);

/** What a BMC has at each path. `patched` answers what is sent there. */
interface Played {
  readonly resources: { [path: string]: object };
  readonly patched?: (path: string, body: { readonly [name: string]: unknown }) => Response;
}

function bench({ resources, patched = () => new Response(null, { status: 204 }) }: Played) {
  const clock = createVirtualClock();
  const names = createOwnNames();
  const asked: string[] = [];
  const exchange: Exchange = async (url, { method, body = "" }) => {
    asked.push(`${method} ${url.pathname}${body}`);
    if (method === "PATCH") return patched(url.pathname, JSON.parse(body));
    const found = resources[url.pathname];
    return found === undefined ? new Response("{}", { status: 404 }) : Response.json(found);
  };
  const requests = createRequests({ clock, names, patience: 30_000, limit: createConcurrency(32) });
  const sessions = createSessions({ requests, farewells: requests, clock, names });
  const client = createRedfishClient({ requests, sessions, clock, names });
  const root = new URL("http://bmc.test/redfish/v1/");
  const access: Access = { root, exchange, auth: "basic", credentials: () => undefined, identity: () => "" };
  const ended = new AbortController();
  const ask = { signal: ended.signal, urgent: true };
  return {
    ...{ asked, clock, ended },
    /** Turns it, on the clock. */
    async turn(led: Led, places: readonly string[] = [SYSTEM]): Promise<Led | undefined> {
      let isOver = false;
      const turning = turnLed(led, { places, access, ask, clock }, client).finally(() => isOver = true);
      turning.catch(() => {});
      await clock.runUntil(() => isOver, 60_000);
      return await turning;
    },
  };
}

/** A BMC whose LED is as it was told last. */
function obedient(path: string, resource: object, more: Played["resources"] = {}): Played {
  const resources: Played["resources"] = { ...more, [path]: resource };
  return {
    resources,
    patched(at, body) {
      resources[at] = { ...resources[at], ...body };
      return new Response(null, { status: 204 });
    },
  };
}

test("an LED is told what it is to be by the property that it has, and read again", async () => {
  const cases: [resource: object, led: Led, body: object][] = [
    [{ LocationIndicatorActive: false }, "ON", { LocationIndicatorActive: true }],
    [{ LocationIndicatorActive: true }, "OFF", { LocationIndicatorActive: false }],
    [{ LocationIndicatorActive: null }, "OFF", { LocationIndicatorActive: false }],
    [{ IndicatorLED: "Off" }, "BLINKING", { IndicatorLED: "Blinking" }],
    [{ IndicatorLED: "Blinking" }, "ON", { IndicatorLED: "Lit" }],
  ];
  for (const [resource, led, body] of cases) {
    const { turn, asked, clock } = bench(obedient(SYSTEM, resource));
    assert.equal(await turn(led), led);
    assert.deepEqual(asked, [`GET ${SYSTEM}`, `PATCH ${SYSTEM}${JSON.stringify(body)}`, `GET ${SYSTEM}`]);
    assert.equal(clock.waiting, 0);
  }
});

test("an LED that is as it is to be is told nothing", async () => {
  for (
    const [resource, led] of [[{ LocationIndicatorActive: true }, "ON"], [{ IndicatorLED: "Off" }, "OFF"]] as const
  ) {
    const { turn, asked } = bench({ resources: { [SYSTEM]: resource } });
    assert.equal(await turn(led), led);
    assert.deepEqual(asked, [`GET ${SYSTEM}`]);
  }
});

test("the first of a system and four chassis that has an LED is told, and no other", async () => {
  const plain = Object.fromEntries([SYSTEM, ...CHASSIS].map((path) => [path, {}]));
  const off = { IndicatorLED: "Off" };
  for (const place of [0, 1, 3]) {
    const own = CHASSIS[place] ?? "";
    const others = Object.fromEntries(CHASSIS.slice(place + 1).map((path) => [path, off]));
    const { turn, asked } = bench(obedient(own, off, { ...plain, ...others }));
    assert.equal(await turn("ON", [SYSTEM, ...CHASSIS]), "ON");
    assert.deepEqual(asked.slice(-2), [`PATCH ${own}{"IndicatorLED":"Lit"}`, `GET ${own}`]);
    assert.equal(asked.filter((each) => each.startsWith("PATCH")).length, 1);
  }
  const { turn, asked } = bench(obedient(CHASSIS[4] ?? "", off, plain));
  await assert.rejects(turn("ON", [SYSTEM, ...CHASSIS]), {
    name: "MistakeError",
    message: "The controller has no identify LED, neither in the system nor in its chassis",
  });
  assert.equal(asked.length, 5);
});

test("an LED that can only be on or off is not told to blink", async () => {
  const { turn, asked } = bench({ resources: { [SYSTEM]: { LocationIndicatorActive: false } } });
  await assert.rejects(turn("BLINKING"), {
    name: "MistakeError",
    message: `The identify LED of http://bmc.test${SYSTEM} can't blink: expected ON or OFF`,
  });
  assert.deepEqual(asked, [`GET ${SYSTEM}`]);
});

test("an LED that its controller does not turn at once is looked at five times, a second apart", async () => {
  for (const [looks, expected] of [[1, "ON"], [4, "ON"], [5, "ON"], [6, "OFF"]] as const) {
    const played = bench({
      resources: {
        get [SYSTEM]() {
          return { IndicatorLED: played.asked.length - 2 >= looks ? "Lit" : "Off" };
        },
      },
    });
    const from = played.clock.now();
    assert.equal(await played.turn("ON"), expected, String(looks));
    const read = Math.min(looks, 5);
    assert.equal(played.asked.length, read + 2);
    assert.equal(played.clock.now() - from, (read - 1) * 1_000);
  }
});

test("an LED that is not there any more after it was told is not known", async () => {
  const resources: Played["resources"] = { [SYSTEM]: { IndicatorLED: "Off" } };
  const { turn } = bench({
    resources,
    patched(path) {
      resources[path] = {};
      return new Response(null, { status: 204 });
    },
  });
  assert.equal(await turn("ON"), undefined);
});

test("who does not wait any more is told so between two looks", async () => {
  const { turn, ended, clock, asked } = bench({ resources: { [SYSTEM]: { IndicatorLED: "Off" } } });
  clock.after(1_500, () => ended.abort(new Error("Not wanted")));
  await assert.rejects(turn("ON"), { message: "Not wanted" });
  assert.equal(asked.length, 4);
});

test("a refusal of one kind of light names those that remain, and every other refusal is told as it is", async () => {
  const unsupported = "Base.1.8.PropertyValueNotInList";
  const cases: [led: Led, status: number, id: string, name: string, message: RegExp][] = [
    ["ON", 400, unsupported, "MistakeError", /may only know BLINKING and OFF: set one of these\)$/],
    ["BLINKING", 400, unsupported, "MistakeError", /may only know ON and OFF: set one of these\)$/],
    ["OFF", 400, unsupported, "RefusedError", /status 400 \(No\)$/],
    ["ON", 400, "Base.1.8.ResourceInUse", "RefusedError", /status 400 \(No\)$/],
  ];
  for (const [led, status, id, name, message] of cases) {
    const { turn, asked } = bench({
      resources: { [SYSTEM]: { IndicatorLED: "Unknown" } },
      patched: () =>
        Response.json({ error: { "@Message.ExtendedInfo": [{ MessageId: id, Message: "No" }] } }, { status }),
    });
    await assert.rejects(turn(led), { name, message });
    assert.equal(asked.length, 2, "it is not looked at");
  }
  const page = () => new Response("<html></html>", { status: 200 });
  const { turn } = bench({ resources: { [SYSTEM]: { IndicatorLED: "Off" } }, patched: page });
  await assert.rejects(turn("ON"), { name: "UnavailableError", message: /expected Redfish$/ });
});

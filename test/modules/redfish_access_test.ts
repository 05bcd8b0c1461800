import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { addressOf, trustOf } from "../../modules/redfish/access.ts";
import { isCredentialRefusal, readRedfishAnswer } from "../../modules/redfish/answer.ts";
import { redfishConfigOf } from "../../modules/redfish/config.ts";
import { MAX_EVENT, readOrigins } from "../../modules/redfish/event_stream.ts";
import {
  link,
  links,
  part,
  readError,
  readErrors,
  readEventStream,
  readMemberCount,
  readMessageIds,
  readNames,
  readNextPage,
  readResetTypes,
  readServiceRoot,
  readSystem,
  readTask,
} from "../../modules/redfish/resources.ts";
import {
  readEnvironmentTemperature,
  readEnvironmentWatts,
  readPower,
  readThermal,
  readThermalMetrics,
} from "../../modules/redfish/sensor_resources.ts";
import type { Value } from "../../src/state/mod.ts";
import { readEvents } from "../../src/toolkit/mod.ts";
import { testNode } from "./module_fixture.ts";
import { members, one, type Resources, ROOT, SYSTEMS, withBmc } from "./redfish_played.ts";

const OFF = { PowerState: "Off" };
const done = () => new Response(null, { status: 204 });

function addressed(address: string | undefined, endpoint?: string): string {
  const node = testNode("n 1", address === undefined ? {} : { "/bmc/address": address });
  const { root, system } = addressOf(node, endpoint, "redfish");
  return `${root.href} ${system?.href}`;
}

test("a controller's address is a host, a service or a system, or else the node's place below the endpoint", () => {
  const cases: [address: string | undefined, endpoint: string | undefined, found: string][] = [
    ["bmc7", undefined, "https://bmc7/redfish/v1/ undefined"],
    ["bmc7:8443", "http://all", "https://bmc7:8443/redfish/v1/ undefined"],
    ["HTTP://bmc7", undefined, "http://bmc7/redfish/v1/ undefined"],
    ["http://bmc7/redfish", undefined, "http://bmc7/redfish/v1/ undefined"],
    ["http://bmc7/redfish/v1", undefined, "http://bmc7/redfish/v1/ undefined"],
    ["http://bmc7//redfish//v1//", undefined, "http://bmc7/redfish/v1/ undefined"],
    ["http://bmc7/redfish/v1/Systems/1", undefined, "http://bmc7/redfish/v1/ http://bmc7/redfish/v1/Systems/1"],
    ["http://bmc7/x", undefined, "http://bmc7/redfish/v1/ http://bmc7/x"],
    [undefined, "http://all", "http://all/redfish/v1/ http://all/redfish/v1/Systems/n%201"],
    [undefined, "http://all///", "http://all/redfish/v1/ http://all/redfish/v1/Systems/n%201"],
  ];
  for (const [address, endpoint, found] of cases) assert.equal(addressed(address, endpoint), found);
});

test("a controller's address that is none is shown, and one with a user in it is not", () => {
  assert.throws(() => addressed(undefined), {
    name: "MistakeError",
    message:
      "'n 1' has no controller: set its '/bmc/address' to a URL, or 'endpoint' in the aggregator's '/services/redfish/config'",
  });
  for (const address of ["ftp://bmc7", "http://:::", "a b"]) {
    assert.throws(() => addressed(address), {
      name: "MistakeError",
      message: `'n 1' has the controller address '${address}': expected a host, or an http or https URL`,
    });
  }
  for (const address of ["https://admin:4711@bmc7", "https://admin@bmc7", "https://:4711@bmc7", "admin:4711@bmc7"]) {
    assert.throws(
      () => addressed(address),
      (error: Error) => error.name === "MistakeError" && !/4711/.test(error.message),
    );
  }
});

const DIGITS = "AB".repeat(32);

function trusting(
  cfg: { readonly [url: string]: Value },
  { verify = true, ca, seen }: { verify?: boolean; ca?: string; seen?: string } = {},
) {
  return trustOf(testNode("n1", cfg), { verify, ca: () => ca }, seen);
}

test("whom to trust is the node's fingerprint, then its trust, then the module's config", () => {
  const authorities = { trust: { kind: "authorities" }, first: false };
  const anybody = { trust: { kind: "anybody" }, first: false };
  const known = { trust: { kind: "fingerprint", fingerprint: DIGITS }, first: false };
  assert.deepEqual(trusting({}), authorities);
  assert.deepEqual(trusting({}, { ca: "PEM" }), { trust: { kind: "authorities", ca: "PEM" }, first: false });
  assert.deepEqual(trusting({}, { verify: false }), anybody);
  assert.deepEqual(trusting({ "/bmc/trust": "default" }, { verify: false }), anybody);
  assert.deepEqual(trusting({ "/bmc/trust": "verified" }, { verify: false }), authorities);
  assert.deepEqual(trusting({ "/bmc/trust": "unverified" }), anybody);
  for (const trust of ["unverified", "first-use", "verified"]) {
    assert.deepEqual(trusting({ "/bmc/fingerprint": DIGITS.toLowerCase(), "/bmc/trust": trust }), known);
  }
  assert.throws(() => trusting({ "/bmc/fingerprint": "short" }), {
    name: "MistakeError",
    message: "'n1' has the /bmc/fingerprint 'short': expected a SHA-256, 64 hexadecimal digits",
  });
});

test("the first certificate is trusted where none was seen, and from then on that one alone", () => {
  const first = { "/bmc/trust": "first-use" };
  const taken = { trust: { kind: "anybody" }, first: true };
  assert.deepEqual(trusting(first), taken);
  assert.deepEqual(trusting(first, { seen: "nonsense" }), taken);
  assert.deepEqual(trusting(first, { verify: false, seen: `${DIGITS} (CN=bmc, until 2099-12-31)` }), {
    ...{ trust: { kind: "fingerprint", fingerprint: DIGITS }, first: false },
  });
});

test("the config has what is given, and what is usual for the rest", () => {
  const usual = {
    ...{ endpoint: undefined, credentials: undefined, ca: undefined, auth: "session", tls: "verified" },
    ...{ poll: 30_000, sense: 60_000, graceful: 60_000, settle: 10_000 },
  };
  const odd: readonly (Value | undefined)[] = [undefined, 7, [], { endpoint: 7, poll: "1", auth: "x", tls: "x" }];
  for (const config of odd) assert.deepEqual(redfishConfigOf(config), usual);
  const given = {
    ...{ endpoint: "http://all", credentials: "/c", ca: "/ca", auth: "basic", tls: "plain" },
    ...{ poll: 50, sense: 0, graceful: 0 },
  };
  assert.deepEqual(redfishConfigOf(given), { ...usual, ...given });
  assert.equal(redfishConfigOf({ tls: "unverified" }).tls, "unverified");
});

test("a link is a text that is not empty and no longer than a URI is followed", () => {
  const uri = (length: number) => ({ "@odata.id": "x".repeat(length) });
  assert.equal(link(uri(1_024))?.length, 1_024);
  for (const none of [uri(0), uri(1_025), { "@odata.id": 7 }, "x", null, undefined]) {
    assert.equal(link(none), undefined);
  }
  assert.deepEqual(links([uri(1), 7, uri(2), {}]), ["x", "xx"]);
  assert.deepEqual(links({}), []);
  assert.equal(links(Array.from({ length: 1_001 }, () => uri(1))).length, 1_000);
  assert.deepEqual(part({ a: { b: 1 } }, "a"), { b: 1 });
  for (const none of [{ a: [1] }, { a: 7 }, {}, 7, undefined]) assert.deepEqual(part(none, "a"), {});
});

test("a system is read with its Reset, chassis and tag, and what it has not is absent", () => {
  const whole = readSystem({
    ...{ PowerState: "On", "@odata.etag": '"7"', BiosVersion: "1", IndicatorLED: "Lit" },
    Links: { Chassis: [{ "@odata.id": "/c" }] },
    Actions: {
      "#ComputerSystem.Reset": {
        target: "/t",
        "ResetType@Redfish.AllowableValues": ["On", 7],
        "@Redfish.ActionInfo": "/i",
      },
      "#Chassis.Reset": { target: "/other" },
    },
  });
  assert.deepEqual(whole, {
    ...{ power: "On", resetAction: "ComputerSystem.Reset", resetTarget: "/t", resetTypes: ["On"], actionInfo: "/i" },
    ...{ chassis: ["/c"], etag: '"7"', health: undefined, firmware: "1", led: "ON" },
  });
  const bare = readSystem({ PowerState: null });
  assert.deepEqual([bare?.power, bare?.resetTypes, bare?.chassis, bare?.led], [undefined, undefined, [], undefined]);
  const chassis = readSystem({
    ...OFF,
    Links: { Chassis: [{ "@odata.id": "/c" }] },
    Actions: { "#Chassis.Reset": { target: "/t" } },
  });
  assert.deepEqual([chassis?.resetAction, chassis?.resetTarget, chassis?.chassis], ["Chassis.Reset", "/t", []]);
  for (const none of [{}, { PowerState: 7 }, { PowerState: undefined }]) assert.equal(readSystem(none), undefined);
});

test("a machine's health and firmware are one readable line each, up to a length", () => {
  const read = (health: unknown, firmware: unknown) => {
    const found = readSystem({ ...OFF, Status: { Health: health }, BiosVersion: firmware });
    return [found?.health, found?.firmware];
  };
  assert.deepEqual(read("O\u0000\u001fK\u007f", "a\r\nb"), ["O K", "a b"]);
  assert.deepEqual(read("x".repeat(32), "x".repeat(128)).map((each) => each?.length), [32, 128]);
  assert.deepEqual(read("x".repeat(33), "x".repeat(129)), [undefined, undefined]);
});

test("what a service, its collections and its events lead to is read, and nothing that is no link", () => {
  const leads = (name: string) => ({ "@odata.id": `/${name}` });
  const root = { Systems: leads("s"), Chassis: leads("c"), EventService: leads("e"), Links: { Sessions: leads("x") } };
  assert.deepEqual(readServiceRoot(root), { systems: "/s", chassis: "/c", sessions: "/x", eventService: "/e" });
  assert.deepEqual(readServiceRoot({ Systems: "/s", Links: 7 }), {
    ...{ systems: undefined, chassis: undefined, sessions: undefined, eventService: undefined },
  });
  assert.equal(readEventStream({ ServerSentEventUri: "/sse", ServiceEnabled: true }), "/sse");
  assert.equal(readEventStream({ ServerSentEventUri: "/sse", ServiceEnabled: false }), undefined);
  assert.equal(readEventStream({ ServerSentEventUri: "" }), undefined);
  assert.equal(readNextPage({ "Members@odata.nextLink": "/p" }), "/p");
  assert.equal(readNextPage({ "Members@odata.nextLink": 7 }), undefined);
  assert.deepEqual([2, 0, -1, 1.5, "2", undefined].map((count) => readMemberCount({ "Members@odata.count": count })), [
    ...[2, 0, 0, 0, 0, 0],
  ]);
  assert.deepEqual(readNames({ Id: "A", Name: 7, HostName: "B", UUID: "C", AssetTag: null, SerialNumber: "D" }), [
    ...["a", "b", "c", "d"],
  ]);
});

test("the values of ResetType are those of the parameter of that name", () => {
  const other = { Name: "Other", AllowableValues: ["x"] };
  assert.deepEqual(readResetTypes({ Parameters: [7, other, { Name: "ResetType", AllowableValues: ["On", 7] }] }), [
    "On",
  ]);
  for (const none of [{}, { Parameters: 7 }, { Parameters: [other] }, { Parameters: [{ Name: "ResetType" }] }]) {
    assert.equal(readResetTypes(none), undefined);
  }
});

test("what a BMC says went wrong is quoted in part", () => {
  const infos = (count: number, text: string) => ({
    error: {
      message: "m".repeat(300),
      "@Message.ExtendedInfo": Array.from({ length: count }, () => ({ Message: text, MessageId: text })),
    },
  });
  assert.equal(readErrors(infos(5, "x".repeat(300)))?.length, 3 * 200 + 2);
  assert.equal(readError(infos(0, ""))?.length, 200);
  assert.equal(readError(infos(1, "own")), "own");
  assert.equal(readError({ error: { message: 7 } }), undefined);
  assert.equal(readErrors({ error: { message: "alone", "@Message.ExtendedInfo": [{ Message: 7 }, "x"] } }), "alone");
  assert.equal(readMessageIds(infos(150, "x".repeat(300))).length, 100);
  assert.equal(readMessageIds(infos(1, "x".repeat(300)))[0]?.length, 200);
  assert.deepEqual(readTask({ TaskState: "Completed", TaskStatus: "Critical", Messages: [{ Message: "why" }, 7] }), {
    ...{ state: "failed", why: "TaskState Completed: why" },
  });
  assert.deepEqual(readTask({ TaskState: "Running", TaskStatus: "Critical" }), { state: "running" });
});

test("a password is refused by a message's words as well, and no other refusal is one", async () => {
  const refusal = async (status: number, message: string) =>
    isCredentialRefusal(await readRedfishAnswer(Response.json({ error: { message } }, { status })));
  for (const words of ["Unauthorized", "unauthorised", "Bad credentials", "Wrong PASSWORD", "Login failed"]) {
    assert.equal(await refusal(400, words), true, words);
  }
  assert.equal(await refusal(400, "Out of range"), false);
  assert.equal(await refusal(499, "password"), true);
  assert.equal(await refusal(500, "password"), false);
  assert.equal(await refusal(200, "password"), false);
});

test("an answer is told to be compressed by its first two bytes", async () => {
  for (const level of [1, 5, 6, 9]) {
    const body = new Uint8Array(deflateSync('{"a":1}', { level }));
    assert.deepEqual((await readRedfishAnswer(new Response(body))).resource, { a: 1 }, String(level));
  }
  assert.equal((await readRedfishAnswer(new Response('x{"a":1}'))).resource, undefined);
  assert.equal((await readRedfishAnswer(new Response(new Uint8Array([0x78])))).resource, undefined);
});

test("temperatures and watts that can be none are none", () => {
  const celsius = (reading: unknown) => readEnvironmentTemperature({ TemperatureCelsius: { Reading: reading } });
  assert.deepEqual([-49, 149, 0.5].map(celsius), [-49, 149, 0.5]);
  assert.deepEqual([-50, 150, 255, 0, "22", null].map(celsius), Array(6).fill(undefined));
  const watts = (reading: unknown) => readEnvironmentWatts({ PowerWatts: { Reading: reading } });
  assert.deepEqual([0, 1_000_000].map(watts), [0, 1_000_000]);
  assert.deepEqual([-1, 1_000_001, "1", null].map(watts), Array(4).fill(undefined));
  assert.equal(readPower({ PowerControl: [7, { PowerConsumedWatts: 300 }, { PowerConsumedWatts: 1 }] }), 300);
  assert.equal(readPower({ PowerControl: [] }), undefined);
});

test("the inlet's temperature is told by its context, then by its name", () => {
  const sensor = (Name: string, ReadingCelsius: unknown, PhysicalContext?: string) => ({
    Name,
    ReadingCelsius,
    PhysicalContext,
  });
  const read = (...Temperatures: unknown[]) => readThermal({ Temperatures });
  assert.equal(read(sensor("Inlet", 20), sensor("x", 21, "Intake")), 21);
  assert.equal(read(sensor("CPU", 60), sensor("System Ambient", 22)), 22);
  assert.equal(read(sensor("AIR INTAKE", 23)), 23);
  assert.equal(read(sensor("Inlet", 20), sensor("x", 0, "Intake")), 20);
  assert.equal(read(sensor("CPU", 60), 7, { ReadingCelsius: 5 }), undefined);
  const summary = (value: object) => readThermalMetrics({ TemperatureSummaryCelsius: value });
  assert.equal(summary({ Intake: { Reading: 20 }, Ambient: { Reading: 30 } }), 20);
  assert.equal(summary({ Intake: { Reading: 0 }, Ambient: { Reading: 30 } }), 30);
});

test("an event names the resources that it is about, in at most a hundred records", () => {
  const event = (...Events: unknown[]) => JSON.stringify({ Events });
  assert.deepEqual(
    readOrigins(event({ OriginOfCondition: "/a" }, 7, {}, { OriginOfCondition: { "@odata.id": "/b" } })),
    ["/a", "/b"],
  );
  assert.equal(readOrigins(event(...Array(101).fill({ OriginOfCondition: "/a" })))?.length, 100);
  assert.equal(readOrigins('{"Events": 7}'), undefined);
});

/** The data of the events of a stream in these pieces. */
async function eventsOf(...pieces: readonly string[]): Promise<string[]> {
  async function* stream() {
    for (const piece of pieces) yield new TextEncoder().encode(piece);
  }
  const found: string[] = [];
  for await (const { data } of readEvents(stream(), MAX_EVENT)) found.push(data);
  return found;
}

test("an event of 256 KiB at most is read, however many there are and in whatever lines", async () => {
  const limit = 256 * 1024;
  const line = (length: number) => `data: ${"x".repeat(length - 6)}`;
  assert.deepEqual((await eventsOf(`${line(limit)}\n`, "\n")).map(({ length }) => length), [limit - 6]);
  await assert.rejects(eventsOf(`${line(limit + 1)}\n`, "\n"), /an event of more than 262144 characters/);
  await assert.rejects(eventsOf(`${line(200_000)}\n`, line(100_000)), /more than 262144/);
  const many = Array.from({ length: 4 }, () => `${line(200_000)}\n\n`);
  assert.equal((await eventsOf(...many)).length, 4, "each begins anew");
  assert.deepEqual(await eventsOf("data:a\ndata:  b\ndatax: c\n\n\n\ndata: d\r\n\r\n"), ["a\n b", "d"]);
});

test("redfish reads sixteen pages of systems, and looks into sixty-four of them", async () => {
  const pages = (last: number) =>
    Object.fromEntries(Array.from({ length: last }, (_, at) => [
      at === 0 ? SYSTEMS : `/page${at}`,
      { ...members(`s${at}`, ...(at === last - 1 ? ["n1"] : [])), "Members@odata.nextLink": `/page${at + 1}` },
    ]));
  for (const [last, finds] of [[16, true], [17, false]] as const) {
    await withBmc({ "/redfish/v1": ROOT, ...pages(last), [`${SYSTEMS}/n1`]: OFF }, async ({ go }) => {
      if (finds) await go("find-off");
      else await assert.rejects(go("find-off"), /has 16 ComputerSystems, none of which is known/);
    });
  }
  for (const [place, finds] of [[63, true], [64, false]] as const) {
    const ids = Array.from({ length: 70 }, (_, at) => `s${at}`);
    const systems = Object.fromEntries(
      ids.map((id, at) => [`${SYSTEMS}/${id}`, at === place ? { ...OFF, HostName: "n1" } : OFF]),
    );
    await withBmc({ "/redfish/v1": ROOT, [SYSTEMS]: members(...ids), ...systems }, async ({ go }) => {
      if (finds) await go("find-off");
      else await assert.rejects(go("find-off"), /has 70 ComputerSystems, none of which is known/);
    });
  }
});

test("redfish finds a node's system by its id too, and a chassis by its URI", async () => {
  const resources: Resources = { "/redfish/v1": ROOT, [SYSTEMS]: members("a", "b"), [`${SYSTEMS}/a`]: OFF };
  await withBmc(resources, async ({ go, nodes: [node], asked }) => {
    resources[`${SYSTEMS}/b`] = { ...OFF, UUID: node?.id.toUpperCase() };
    await go("find-off");
    assert.equal(asked.at(-1)?.path, `${SYSTEMS}/b`);
  });
  const chassis = "/redfish/v1/Chassis";
  const all = {
    "/redfish/v1": { Chassis: { "@odata.id": chassis } },
    [chassis]: members(`${chassis}/x`, `${chassis}/N1/`),
    [`${chassis}/N1`]: { ...OFF, Actions: { "#Chassis.Reset": {} } },
  };
  await withBmc(all, async ({ go, nodes: [node] }) => {
    await go("find-off");
    assert.equal(node?.view.get("/physState"), "POWER_OFF");
  });
});

test("redfish takes the usual place of systems where the service root names none", async () => {
  await withBmc({ ...one(OFF, done), "/redfish/v1": {} }, async ({ go }) => await go("find-off"));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import { isCredentialRefusal, isSessionLimit, isUnsupported, readRedfishAnswer } from "../../modules/redfish/answer.ts";
import { createOwnNames, otherSlash, singleSlashes } from "../../modules/redfish/own_names.ts";
import { failure } from "../../modules/redfish/requests.ts";
import { canReset, readErrors, readMessageIds, readTask } from "../../modules/redfish/resources.ts";
import { separateResetTypes, waysOf } from "../../modules/redfish/reset.ts";

const BASE = new URL("https://10.0.0.7/redfish/v1/");
const OTHER = "https://bmc.example/redfish/v1";

test("createOwnNames() resolves links on the BMC's own origin, and none that leads elsewhere", () => {
  const names = createOwnNames();
  const cases: [link: string, found: string | undefined][] = [
    ["Systems", "https://10.0.0.7/redfish/v1/Systems"],
    ["/redfish/v1/Systems/1?$select=Id", "https://10.0.0.7/redfish/v1/Systems/1?$select=Id"],
    ["//redfish/v1//Systems/1/", "https://10.0.0.7/redfish/v1/Systems/1/"],
    ["///redfish/v1", "https://10.0.0.7/redfish/v1"],
    ["https://10.0.0.7/redfish/v1//Systems", "https://10.0.0.7/redfish/v1/Systems"],
    ["https://10.0.0.8/redfish/v1/Systems", undefined],
    ["http://10.0.0.7/redfish/v1/Systems", undefined],
    [`${OTHER}/Systems`, undefined],
    ["https://:::", undefined],
  ];
  for (const [link, found] of cases) assert.equal(names.resolve(BASE, link)?.href, found, link);
});

test("createOwnNames() takes a name for the BMC's own when a resource at its address calls itself by it", () => {
  const names = createOwnNames();
  names.learn(BASE, { "@odata.id": `${OTHER}/Systems` });
  assert.equal(names.resolve(BASE, `${OTHER}/Systems/1`), undefined, "that resource is another one");
  names.learn(BASE, { "@odata.id": "/redfish/v1" });
  names.learn(BASE, { "@odata.id": 7 });
  names.learn(BASE, { "@odata.id": "https://:::" });
  names.learn(BASE, { "@odata.id": OTHER });
  assert.equal(names.resolve(BASE, `${OTHER}/Systems/1`)?.href, "https://10.0.0.7/redfish/v1/Systems/1");
  assert.equal(names.resolve(new URL("https://10.0.0.8/"), `${OTHER}/Systems/1`), undefined, "it is no other BMC's");
  names.forget(BASE.origin);
  assert.equal(names.resolve(BASE, `${OTHER}/Systems/1`), undefined);
  for (let turn = 0; turn < 8; turn++) names.learn(BASE, { "@odata.id": `https://name${turn}.example/redfish/v1/` });
  names.learn(BASE, { "@odata.id": "https://name8.example/redfish/v1/" });
  assert.equal(names.resolve(BASE, "https://name7.example/x")?.href, "https://10.0.0.7/x");
  assert.equal(names.resolve(BASE, "https://name8.example/x"), undefined, "no more than eight");
});

test("otherSlash() and singleSlashes() change nothing but slashes", () => {
  assert.equal(otherSlash(new URL("https://b/redfish/v1?x=/")).href, "https://b/redfish/v1/?x=/");
  assert.equal(otherSlash(new URL("https://b/redfish/v1/")).href, "https://b/redfish/v1");
  assert.equal(singleSlashes("//a///b/"), "/a/b/");
});

function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), { status });
}

test("readAnswer() reads what is compressed, and what has NULs behind it, as what it is", async () => {
  const text = JSON.stringify({ a: "ö" });
  const bodies = [
    text,
    `${text}\0\0\n`,
    `\ufeff${text}`,
    new Uint8Array(gzipSync(text)),
    new Uint8Array(deflateSync(text)),
    new Uint8Array(gzipSync(`${text}\0`)),
  ];
  for (const body of bodies) assert.deepEqual((await readRedfishAnswer(new Response(body))).resource, { a: "ö" });
  assert.equal((await readRedfishAnswer(new Response("x marks"))).resource, undefined);
});

test("readAnswer() refuses what is too large, before and after decompression, and what is broken", async () => {
  const limit = 256 * 1024;
  const whole = new Response(`{"a":"${" ".repeat(limit - 8)}"}`);
  assert.ok((await readRedfishAnswer(whole)).resource !== undefined);
  await assert.rejects(readRedfishAnswer(new Response(" ".repeat(limit + 1))), /larger than 262144 bytes/);
  await assert.rejects(
    readRedfishAnswer(new Response(new Uint8Array(gzipSync(" ".repeat(limit + 1))))),
    /larger than 262144/,
  );
  await assert.rejects(readRedfishAnswer(new Response(new Uint8Array([0x1f, 0x8b, 1, 2]))), /compression is broken/);
});

test("readAnswer() knows a web page from an empty answer and from text", async () => {
  const isPage = async (text: string) => (await readRedfishAnswer(new Response(text))).page;
  assert.deepEqual(
    await Promise.all(
      ["<!DOCTYPE html>", " <html>", "<head>", "<?xml ?>", "<b>", "", "ok", '{"a":"<html>"}'].map(isPage),
    ),
    [true, true, true, true, false, false, false, false],
  );
});

/** An answer with a Redfish error. */
async function errorAnswer(status: number, id: string, message: string) {
  return await readRedfishAnswer(
    json({ error: { "@Message.ExtendedInfo": [{ MessageId: id, Message: message }] } }, status),
  );
}

test("isSessionLimit() knows how vendors say that all sessions are in use", async () => {
  for (const status of [400, 403, 503]) {
    assert.ok(isSessionLimit(await errorAnswer(status, "Base.1.8.SessionLimitExceeded", "No")));
  }
  assert.ok(isSessionLimit(await errorAnswer(400, "IDRAC.2.8.RAC0218", "No")));
  assert.ok(isSessionLimit(await errorAnswer(503, "x", "The maximum number of user sessions is reached")));
  assert.ok(isSessionLimit(await errorAnswer(503, "x", "The session count exceeded its limit")));
  assert.ok(!isSessionLimit(await errorAnswer(503, "Base.1.8.ServiceTemporarilyUnavailable", "Busy")));
  assert.ok(!isSessionLimit(await errorAnswer(200, "Base.1.8.SessionLimitExceeded", "No")));
  assert.ok(!isSessionLimit(await readRedfishAnswer(new Response("", { status: 503 }))));
});

test("isCredentialRefusal() knows a wrong password, also where the status is 400", async () => {
  assert.ok(isCredentialRefusal(await readRedfishAnswer(new Response("", { status: 401 }))));
  assert.ok(isCredentialRefusal(await readRedfishAnswer(new Response("", { status: 403 }))));
  assert.ok(isCredentialRefusal(await errorAnswer(400, "iLO.2.14.UnauthorizedLoginAttempt", "No")));
  assert.ok(isCredentialRefusal(await errorAnswer(400, "x", "Invalid username or password")));
  assert.ok(!isCredentialRefusal(await errorAnswer(403, "Base.1.8.SessionLimitExceeded", "No")));
  assert.ok(!isCredentialRefusal(await errorAnswer(400, "x", "Malformed")));
  assert.ok(!isCredentialRefusal(await errorAnswer(500, "x", "password")));
  assert.ok(!isCredentialRefusal(await readRedfishAnswer(json({}, 201))));
});

test("isUnsupported() is about the order, and not about the state that the machine is in", async () => {
  for (const id of ["ActionParameterNotSupported", "ActionParameterValueNotInList", "ActionNotSupported"]) {
    assert.ok(isUnsupported(await errorAnswer(400, `Base.1.8.${id}`, "No")), id);
  }
  assert.ok(isUnsupported(await readRedfishAnswer(new Response("", { status: 501 }))));
  assert.ok(!isUnsupported(await errorAnswer(400, "Base.1.8.ResourceInStandby", "No")));
  assert.ok(!isUnsupported(await errorAnswer(400, "Base.1.8.ActionNotSupportedNow", "No")));
  assert.ok(!isUnsupported(await errorAnswer(500, "Base.1.8.ActionNotSupported", "No")));
  assert.ok(!isUnsupported(await errorAnswer(200, "Base.1.8.ActionNotSupported", "No")));
});

test("readErrors() quotes the first three messages, and readMessageIds() all ids with the code", () => {
  const info = [1, 2, 3, 4].map((each) => ({ MessageId: `Base.${each}`, Message: `No ${each}.` }));
  const resource = { error: { code: "Base.0", message: "See below", "@Message.ExtendedInfo": info } };
  assert.equal(readErrors(resource), "No 1. No 2. No 3.");
  assert.deepEqual(readMessageIds(resource), ["Base.0", "Base.1", "Base.2", "Base.3", "Base.4"]);
  assert.equal(readErrors({ error: { message: "Alone" } }), "Alone");
  assert.equal(readErrors({}), undefined);
  assert.equal(readErrors({ error: { "@Message.ExtendedInfo": [{ Message: "x".repeat(900) }] } })?.length, 200);
});

test("failure() says what was asked, the status, and the BMC's words or that it was a web page", async () => {
  const request = { method: "GET", url: BASE } as const;
  assert.equal(failure(request, await errorAnswer(400, "x", "Not now")), `GET ${BASE} failed: status 400 (Not now)`);
  const page = await readRedfishAnswer(new Response("<html>", { status: 502 }));
  assert.equal(failure(request, page), `GET ${BASE} failed: status 502 (a web page, not Redfish)`);
  assert.equal(
    failure(request, await readRedfishAnswer(new Response("", { status: 502 }))),
    `GET ${BASE} failed: status 502`,
  );
});

test("readTask() tells a task that runs, is done, or has failed, and its words", () => {
  assert.deepEqual(readTask({ TaskState: "Running" }), { state: "running" });
  assert.deepEqual(readTask({ TaskState: "Completed", TaskStatus: "OK" }), { state: "done" });
  const messages = { Messages: [{ Message: "It did not work" }] };
  for (const state of ["Exception", "Killed", "Cancelled"]) {
    const why = `TaskState ${state}: It did not work`;
    assert.deepEqual(readTask({ TaskState: state, ...messages }), { state: "failed", why });
  }
  const critical = { TaskState: "Completed", TaskStatus: "Critical" };
  assert.deepEqual(readTask(critical), { state: "failed", why: "TaskState Completed" });
  assert.equal(readTask({ PowerState: "On" }), undefined);
});

test("canReset() is about a Reset action of one's own", () => {
  assert.ok(canReset({ Actions: { "#ComputerSystem.Reset": {} } }));
  assert.ok(canReset({ Actions: { "#Chassis.Reset": {} } }));
  assert.ok(!canReset({ Actions: { "#Manager.Reset": {} } }));
  assert.ok(!canReset({}));
});

test("separateResetTypes() takes fused values apart, and leaves what it does not know", () => {
  assert.deepEqual(separateResetTypes(["On", "GracefulShutdownGracefulRestart"]), [
    ...["On", "GracefulShutdown", "GracefulRestart"],
  ]);
  assert.deepEqual(separateResetTypes(["ForceOffOn", "OnX", ""]), ["ForceOff", "On", "OnX"]);
});

test("waysOf() asks for Cray's Off only where it is listed, and never as force", () => {
  assert.deepEqual(waysOf("shutdown", ["On", "ForceOff", "Off"]), ["Off"]);
  assert.deepEqual(waysOf("shutdown", undefined), ["GracefulShutdown"]);
  assert.deepEqual(waysOf("off", ["On", "ForceOff", "Off"]), ["ForceOff"]);
  assert.deepEqual(waysOf("off", undefined), ["ForceOff"]);
});
